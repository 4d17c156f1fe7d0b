import type { IssuerOptions } from './broker-file';
import { createAwsIssuer } from './issuers/aws-issuer';
import { createGithubIssuer } from './issuers/github-issuer';
import type { Issuer } from './issuers/issuer';
import { createKubernetesIssuer } from './issuers/kubernetes-issuer';
import { createPostgresIssuer } from './issuers/postgres-issuer';
import { createStaticIssuer } from './issuers/static-issuer';

/** The provider that an offer names. */
export function openIssuer(options: IssuerOptions): Issuer {
  switch (options.kind) {
    case 'static':
      return createStaticIssuer(options);
    case 'postgres':
      return createPostgresIssuer(options);
    case 'aws':
      return createAwsIssuer(options);
    case 'github':
      return createGithubIssuer(options);
    case 'kubernetes':
      return createKubernetesIssuer(options);
    default:
      return options satisfies never;
  }
}
