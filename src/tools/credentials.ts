import { z } from 'zod';
import { defineTool } from './define-tool';
import { failed } from './output';

const parameters = z.strictObject({
  account: z.string().min(1).max(200).describe('Cloud account, project or subscription.'),
  role: z.string().min(1).max(300).describe('Role to take on.'),
  scope: z.enum(['read', 'write']).default('read').describe('What the credentials are for.'),
});

/** Asks the credential broker for short-lived cloud credentials; they go to programs, never to the model. */
export const cloudCredentials = defineTool<z.infer<typeof parameters>>({
  name: 'cloud-credentials',
  description:
    'Ask for short-lived cloud credentials for the programs of this run. You never see them yourself.',
  parameters,
  judge: ({ scope }) =>
    scope === 'read'
      ? { effect: 'draft', marks: [], approvalFlags: ['credentialRequest'] }
      : { effect: 'production', marks: [], approvalFlags: ['credentialRequest', 'productionAccess'] },
  sensitive: ['account', 'role', 'scope'],
  use: 'credentialRequest',
  idempotent: false,
  needsWorkspace: false,
  async run() {
    return failed('no credential broker is configured, so no credentials can be issued');
  },
});
