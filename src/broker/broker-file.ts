import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { type CredentialScope, credentialScopes } from '../domain/credential';
import { GatehouseError } from '../domain/errors';
import { wideningActions } from './issuers/session-policy';
import { proxyDelivery } from './proxy-delivery';

/** Shortest secret that can be told from other text in what a program prints. */
export const MIN_SECRET_LENGTH = 8;

/** In place, or in a file of its own. */
const secret = z.union([
  z.string().min(MIN_SECRET_LENGTH),
  z.strictObject({ file: z.string().min(1) }).transform(({ file }, context): string => {
    try {
      const text = readFileSync(file, 'utf8').trim();
      if (text.length >= MIN_SECRET_LENGTH) return text;
      context.addIssue({
        code: 'custom',
        message: `the file holds less than ${MIN_SECRET_LENGTH} characters`,
      });
    } catch {
      context.addIssue({ code: 'custom', message: 'the file cannot be read' });
    }
    return z.NEVER;
  }),
]);

/** Variables that decide what runs or where it looks are no credentials. */
const variable = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'a variable is written in capitals')
  .refine(
    (name) =>
      !/^(PATH|HOME|USER|LOGNAME|TMPDIR|IFS|ENV|SHELL|PAGER|EDITOR|LANG|PWD|PS4|(LD|LC|DYLD|NODE|GIT|GATEHOUSE)_.*|(BASH|PYTHON|PERL|RUBY|JAVA|JDK).*|.*_PROXY)$/.test(
        name,
      ),
    'this variable decides how programs run, and cannot be a credential',
  );

const awsPolicy = z.looseObject({
  Statement: z.array(z.looseObject({ Effect: z.enum(['Allow', 'Deny']) })).min(1),
});

const issuers = [
  z.strictObject({ kind: z.literal('static'), env: z.record(variable, secret) }),
  z.strictObject({
    kind: z.literal('postgres'),
    /** Of a role that may make roles; `postgres://user:password@host:port/name`. */
    url: secret,
    memberOf: z.array(z.string().min(1)).min(1),
    host: z.string().min(1).optional(),
    port: z.int().min(1).max(65_535).optional(),
  }),
  z.strictObject({
    kind: z.literal('aws'),
    roleArn: z.string().regex(/^arn:[\w-]+:iam::\d{12}:role\/.+$/),
    region: z.string().min(1),
    externalId: z.string().min(2).optional(),
    /** What remains of the role's rights; for `read` AWS's own `ReadOnlyAccess` where nothing is said. */
    sessionPolicy: awsPolicy.optional(),
    sessionPolicyArns: z.array(z.string().startsWith('arn:')).max(10).optional(),
    accessKeyId: secret.optional(),
    secretAccessKey: secret.optional(),
    /** Of a server that is not Amazon's. */
    endpoint: z.url({ protocol: /^https?$/ }).optional(),
  }),
  z.strictObject({
    kind: z.literal('github'),
    appId: z.string().regex(/^\d+$|^Iv[\w.]+$/),
    installationId: z.int().positive(),
    /** PEM, as GitHub gives it. */
    privateKey: secret,
    repositories: z.array(z.string().regex(/^[\w.-]+$/)).min(1),
    permissions: z.record(z.string().regex(/^[a-z_]+$/), z.enum(['read', 'write'])),
    apiUrl: z.url({ protocol: /^https?$/ }).default('https://api.github.com'),
  }),
  z.strictObject({
    kind: z.literal('kubernetes'),
    server: z.url({ protocol: /^https?$/ }),
    /** PEM of who signed the server's certificate. */
    certificateAuthority: secret.optional(),
    /** Of ours, that may create tokens, and secrets to bind them to. */
    token: secret,
    namespace: z.string().regex(/^[a-z0-9-]{1,63}$/),
    serviceAccount: z.string().regex(/^[a-z0-9.-]{1,253}$/),
    audiences: z.array(z.string().min(1)).optional(),
  }),
] as const;

const offer = z
  .strictObject({
    account: z.string().min(1).max(200),
    role: z.string().min(1).max(300),
    scope: z.enum(credentialScopes),
    organizations: z.array(z.string().min(1)).min(1),
    /** Names of agents; all where none are named. */
    agents: z.array(z.string().min(1)).min(1).optional(),
    /** How long they live. */
    minutes: z.int().min(1).max(60).default(15),
    issuer: z.discriminatedUnion('kind', issuers),
    /** Where it is said, the proxy puts the secret into requests, and programs are given nothing. */
    proxy: proxyDelivery
      .extend({
        /** PEM of who signed the host's certificate. */
        certificateAuthority: secret.optional(),
      })
      .optional(),
  })
  .superRefine(({ scope, minutes, issuer, proxy }, context) => {
    const complain = (message: string, ...path: string[]) =>
      context.addIssue({ code: 'custom', message, path: ['issuer', ...path] });
    if (proxy && (issuer.kind === 'aws' || issuer.kind === 'postgres'))
      complain('these credentials are no header; the proxy cannot put them into requests', 'kind');
    if (proxy && issuer.kind === 'static' && Object.keys(issuer.env).length !== 1)
      complain('the proxy needs one secret, not several', 'env');
    if (issuer.kind === 'aws' && minutes < 15) complain('AWS gives no session shorter than 15 minutes');
    if (issuer.kind === 'kubernetes' && minutes < 10)
      complain('Kubernetes gives no token shorter than 10 minutes');
    if (scope === 'write') return;
    if (issuer.kind === 'github' && Object.values(issuer.permissions).includes('write'))
      complain('credentials for reading ask for permissions to write', 'permissions');
    if (issuer.kind === 'aws' && issuer.sessionPolicy) {
      const wide = wideningActions(issuer.sessionPolicy);
      if (wide.length > 0) complain(`credentials for reading allow ${wide.join(', ')}`, 'sessionPolicy');
    }
  });

const file = z.strictObject({ credentials: z.array(offer) }).superRefine(({ credentials }, context) => {
  const seen = new Set<string>();
  for (const [index, each] of credentials.entries())
    for (const organization of each.organizations) {
      const key = JSON.stringify([organization, each.account, each.role, each.scope]);
      if (seen.has(key))
        context.addIssue({
          code: 'custom',
          message: 'is named twice for one organization',
          path: ['credentials', index],
        });
      seen.add(key);
    }
});

/** Credentials that are to be had: for which account and role, by whom, from which provider. */
export type Offer = z.infer<typeof offer>;
export type IssuerOptions = Offer['issuer'];
export type OptionsOf<Kind extends IssuerOptions['kind']> = Extract<IssuerOptions, { kind: Kind }>;

/** Who asks for what. */
export interface Asked {
  organization: string;
  agent: string;
  account: string;
  role: string;
  scope: CredentialScope;
}

/**
 * Reads the file of what is offered; anything not named in it is not to be had.
 *
 * @throws GatehouseError `broker-file-invalid`, naming places and never values
 */
export function readBrokerFile(path: string): Offer[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw invalid('cannot be read', cause);
  }
  let content: unknown;
  try {
    content = parse(text, { strict: true, uniqueKeys: true, logLevel: 'error' });
  } catch (cause) {
    throw invalid('is not YAML', cause);
  }
  const parsed = file.safeParse(content);
  if (parsed.success) return parsed.data.credentials;
  const problems = parsed.error.issues.map((issue) => `\`${issue.path.join('.')}\`: ${issue.message}`);
  throw invalid(`is not right: ${problems.slice(0, 20).join('; ')}`);
}

/** The offer for who asks, if there is one. */
export function offerFor(offers: readonly Offer[], asked: Asked): Offer | undefined {
  return offers.find(
    (each) =>
      each.account === asked.account &&
      each.role === asked.role &&
      each.scope === asked.scope &&
      each.organizations.includes(asked.organization) &&
      (each.agents === undefined || each.agents.includes(asked.agent)),
  );
}

function invalid(what: string, cause?: unknown): GatehouseError {
  return new GatehouseError('broker-file-invalid', `the broker's file ${what}`, { cause });
}
