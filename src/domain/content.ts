/** One thing that a changed file declares: a Terraform block or a Kubernetes or other YAML object. */
export interface ContentResource {
  language: 'terraform' | 'kubernetes';
  /** `aws_s3_bucket`, `Deployment`. */
  type: string;
  /** Label or metadata name as the file has it. */
  name: string;
  /** `aws_s3_bucket.logs`. */
  address: string;
  /** Relative to the workspace. */
  file: string;
  line: number;
  /**
   * Attributes, flattened with `.`, as text: `storage_encrypted` → `true`, `tags.Owner` → `team-a`. What the file leaves
   * to be computed (`${var.owner}`) stays as it is written.
   */
  attributes: Record<string, string>;
  /** Types of the resources of the same change or folder that refer to this one. */
  referencedBy: string[];
}

/** What a call would leave behind, as far as content rules judge it. */
export type ContentFacts =
  | { kind: 'loaded'; resources: ContentResource[] }
  /** Not to be had or not to be parsed: content rules deny. `problem` is public. */
  | { kind: 'unavailable'; problem: string };
