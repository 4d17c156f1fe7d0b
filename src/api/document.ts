import { version } from '../../package.json';
import { BEARER } from './api-route';
import type { Api } from './environment';

const INFO = {
  title: 'Gatehouse',
  version,
  description: [
    'Runs infrastructure agents as durable workflows, and decides before anything happens whether each thing an agent wants',
    'is allowed. Every call is made in the name of one person or service of one organization, and sees that organization',
    'alone. Times are milliseconds since the epoch. Errors are `application/problem+json` (RFC 9457); `code` is stable.',
  ].join(' '),
  license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
};

/** The OpenAPI document of what was added to the API so far. */
export function documentOf(api: Api) {
  api.openAPIRegistry.registerComponent('securitySchemes', BEARER, {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key (`gatehouse_…`), or a token of the OpenID Connect provider',
  });
  return api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: INFO,
    servers: [{ url: '/' }],
    tags: [
      { name: 'Runs', description: 'Start runs, look at them, steer them' },
      { name: 'Events', description: 'What happens, as it happens' },
      { name: 'Approvals', description: 'What waits for people, and what they say' },
      {
        name: 'Policies',
        description: 'The organization’s rules: versions, tests of what they would change',
      },
      { name: 'Agents' },
      { name: 'Audit' },
      { name: 'People' },
      { name: 'API keys' },
      { name: 'Webhooks', description: 'Who outside is told what happens' },
      { name: 'Break-glass', description: 'In an emergency: for a while, one person’s approval is enough' },
      { name: 'Halts', description: 'Pause and stop of an agent or the organization' },
    ],
  });
}
