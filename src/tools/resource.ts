/** One thing that a Terraform or Kubernetes file declares. */
export interface DescribedResource {
  /** `aws_s3_bucket.logs`, `module.network`, `deployment/web`. */
  address: string;
  type: string;
  name: string;
  /** Kubernetes only. */
  namespace?: string;
  file: string;
  /** Where it begins, counted from 1. */
  line: number;
  attributes: unknown;
}
