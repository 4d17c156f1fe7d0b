import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The file of what the credential broker offers. Where there is none it is made, with one secret that opens nothing, to try
 * things out with.
 */
export async function ensureBrokerFile(dataDir: string, organization: string): Promise<string> {
  const path = join(dataDir, 'broker.yaml');
  await writeFile(path, template(organization), { mode: 0o600, flag: 'wx' }).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return path;
}

function template(organization: string): string {
  return `# What the credential broker offers to runs; accounts and roles that are not named are refused. Read at the start.
# Providers and their settings: docs/credentials.md.
credentials:
  - account: development
    role: reader
    scope: read
    organizations: [${organization}]
    issuer:
      kind: static
      env: { DEVELOPMENT_TOKEN: ${randomBytes(24).toString('base64url')} }
`;
}
