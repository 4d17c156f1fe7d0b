import { z } from 'zod';
import { credentialScopes, EFFECT_OF_SCOPE, type IssuedCredential } from '../domain/credential';
import { defineTool } from './define-tool';
import { failed, succeeded } from './output';

export const CREDENTIALS_TOOL = 'cloud-credentials';

export const credentialArguments = z.strictObject({
  account: z.string().min(1).max(200).describe('Cloud account, project or subscription.'),
  role: z.string().min(1).max(300).describe('Role to take on.'),
  scope: z.enum(credentialScopes).default('read').describe('What the credentials are for.'),
});

/** Asks the credential broker for short-lived cloud credentials; they go to programs, never to the model. */
export const cloudCredentials = defineTool<z.infer<typeof credentialArguments>>({
  name: CREDENTIALS_TOOL,
  description:
    'Ask for short-lived cloud credentials for the programs of this run. You never see them yourself.',
  parameters: credentialArguments,
  judge: ({ scope }) => ({
    effect: EFFECT_OF_SCOPE[scope],
    marks: [],
    approvalFlags: scope === 'read' ? ['credentialRequest'] : ['credentialRequest', 'productionAccess'],
  }),
  sensitive: ['account', 'role', 'scope'],
  use: 'credentialRequest',
  idempotent: false,
  needsWorkspace: false,
  async run(_, context) {
    return context.credentials ? described(await context.credentials.request()) : failed(NO_BROKER);
  },
  async reconcile(_, context) {
    if (!context.credentials) return { kind: 'unknown' };
    const issued = await context.credentials.held();
    // The broker issues once for each call, so that asking again is safe.
    return issued ? { kind: 'finished', output: described(issued) } : { kind: 'not-started' };
  },
});

export const NO_BROKER = 'no credential broker is configured, so no credentials can be issued';

/** INVARIANT: names only; what programs are given never stands in an outcome. */
function described({ handle, provider, account, role, scope, expiresAt, material }: IssuedCredential) {
  const variables = [...Object.keys(material.env), ...Object.keys(material.files)].sort();
  const found = material.header
    ? `reach \`${material.header.host}\` with them: the proxy puts them into requests over HTTPS; no program holds them.`
    : `find them in ${variables.join(', ')}; nobody is shown their values.`;
  const programs =
    scope === 'read'
      ? `Programs of later calls of effect ${material.header ? '' : '`draft`, '}\`sandbox\` and \`production\``
      : 'Programs of later calls of effect `production`, and only those,';
  return succeeded(
    [
      `credentials \`${handle}\` of ${provider}: account \`${account}\`, role \`${role}\`, scope \`${scope}\`, until ${new Date(expiresAt).toISOString()}`,
      `${programs} ${found}`,
    ].join('\n'),
  );
}
