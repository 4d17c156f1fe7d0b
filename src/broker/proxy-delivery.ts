import { isValidAllowedDomainEntry } from '@anthropic-ai/sandbox-runtime/dist/sandbox/domain-pattern.js';
import { z } from 'zod';
import type { CredentialMaterial } from '../domain/credential';

/** How the proxy uses a credential, in an operator's words. */
export const proxyDelivery = z.strictObject({
  host: z.string().refine(isValidAllowedDomainEntry, "must be a host as in an agent's `network`"),
  header: z
    .string()
    .regex(/^[a-z0-9-]+$/i, 'must be the name of a header')
    .refine((name) => !FRAMING.test(name), 'must not be a header that says how a request is sent')
    .default('Authorization'),
  template: z
    .string()
    .regex(/^[\x20-\x7e]*\{(base64)?\}[\x20-\x7e]*$/, 'must say where the secret goes: `{}` or `{base64}`')
    .default('Bearer {}'),
});
const FRAMING = /^(host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|keep-alive)$/i;

export type ProxyDelivery = z.infer<typeof proxyDelivery> & { certificateAuthority?: string };

/**
 * What a host is handed of an issued credential: where the proxy uses it, no program is given anything of it.
 *
 * INVARIANT: the material that providers revoke by is kept as it was issued.
 */
export function deliveredBy(
  proxy: ProxyDelivery | undefined,
  { env, files, secrets }: CredentialMaterial,
): CredentialMaterial {
  if (!proxy) return { env, files, secrets };
  const [secret] = secrets;
  if (secret === undefined) throw new TypeError('a credential without a secret cannot be put into requests');
  const { host, header: name, template, certificateAuthority } = proxy;
  // Of a user and a password the password alone is a secret too.
  const kept = [...secrets, secret.slice(secret.indexOf(':') + 1)];
  return {
    ...{ env: {}, files: {}, secrets: [...new Set(kept)] },
    header: { host, name, template, secret, certificateAuthority },
  };
}
