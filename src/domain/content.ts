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

/** A file that content rules look at, as it is in a workspace or a commit. */
export interface ContentFile {
  /** Relative to the workspace. */
  path: string;
  /** sha-256 of its bytes in the artifact store; null when they are not kept. */
  artifact: string | null;
  /** Why they are not: public, completes "`main.tf` …". */
  problem?: string;
}

/**
 * The files that content rules look at, in three states of a run's workspace; each names an artifact, a JSON list of
 * {@link ContentFile} by path. Itself an artifact, so that the run's history holds one hash a turn.
 */
export interface ContentIndex {
  /** As the run found them. */
  base: string;
  /** As they are, committed or not. */
  tree: string;
  /** As they are committed: what a push would publish. */
  head: string;
}
