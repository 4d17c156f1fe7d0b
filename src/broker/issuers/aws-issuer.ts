import type { STSClient } from '@aws-sdk/client-sts';
import type { Issuer } from './issuer';
import { READ_ONLY_ACCESS, type SessionPolicy } from './session-policy';

export interface AwsOptions {
  roleArn: string;
  region: string;
  externalId?: string;
  sessionPolicy?: SessionPolicy;
  sessionPolicyArns?: readonly string[];
  /** Without keys, those that AWS gives this process: of its instance, pod or environment. */
  accessKeyId?: string;
  secretAccessKey?: string;
  endpoint?: string;
}

/**
 * A session of AWS STS for each credential, cut to a session policy; its name is the handle, so that CloudTrail leads back
 * here. AWS cannot end one session: it lapses.
 */
export function createAwsIssuer(options: AwsOptions): Issuer {
  let client: Promise<STSClient> | null = null;
  return {
    provider: 'aws',

    async issue({ handle, scope, expiresAt, signal }) {
      const { AssumeRoleCommand } = await import('@aws-sdk/client-sts');
      client ??= open(options);
      const { Credentials: given } = await (await client).send(
        new AssumeRoleCommand({
          RoleArn: options.roleArn,
          RoleSessionName: `gatehouse-${handle}`,
          ExternalId: options.externalId,
          DurationSeconds: Math.max(900, Math.round((expiresAt - Date.now()) / 1000)),
          ...policyOf(options, scope),
        }),
        { abortSignal: signal },
      );
      if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken || !given.Expiration)
        throw new TypeError('AWS STS gave no credentials');
      return {
        env: {
          AWS_ACCESS_KEY_ID: given.AccessKeyId,
          AWS_SECRET_ACCESS_KEY: given.SecretAccessKey,
          AWS_SESSION_TOKEN: given.SessionToken,
          AWS_REGION: options.region,
          AWS_DEFAULT_REGION: options.region,
        },
        files: {},
        secrets: [given.SecretAccessKey, given.SessionToken],
        expiresAt: given.Expiration.getTime(),
      };
    },

    revoke: async () => 'until-expiry',
  };
}

/**
 * INVARIANT: a session for reading is always cut. Of several session policies AWS allows what any of them allows, so that
 * `ReadOnlyAccess` is named only where nothing else is.
 */
function policyOf({ sessionPolicy, sessionPolicyArns = [] }: AwsOptions, scope: 'read' | 'write') {
  const isUncut = sessionPolicy === undefined && sessionPolicyArns.length === 0;
  const arns = isUncut && scope === 'read' ? [READ_ONLY_ACCESS] : sessionPolicyArns;
  return {
    ...(sessionPolicy === undefined ? {} : { Policy: JSON.stringify(sessionPolicy) }),
    ...(arns.length === 0 ? {} : { PolicyArns: arns.map((arn) => ({ arn })) }),
  };
}

async function open({ region, endpoint, accessKeyId, secretAccessKey }: AwsOptions): Promise<STSClient> {
  const { STSClient } = await import('@aws-sdk/client-sts');
  const credentials = accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined;
  return new STSClient({
    region,
    maxAttempts: 2,
    ...(endpoint && { endpoint }),
    ...(credentials && { credentials }),
  });
}
