import { readFileSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isValidAllowedDomainEntry } from '@anthropic-ai/sandbox-runtime/dist/sandbox/domain-pattern.js';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Effect } from '../domain/effect';
import { GatehouseError } from '../domain/errors';
import type { GrantClaims } from '../domain/grant';
import type { CredentialRule } from './credential-rule';

/** Which credentials the proxy puts into the requests of a call. */
export type CredentialsOf = (
  claims: Pick<GrantClaims, 'organization'>,
  effect: Effect,
) => readonly CredentialRule[];

/**
 * Reads an operator's file of credentials (YAML, a list). It names files that hold the secrets, which are read anew for
 * each request, so that they can be changed at any time.
 *
 * @throws GatehouseError `egress-credentials-invalid`, naming the entry and never a secret
 */
export function readStaticCredentials(file: string): CredentialsOf {
  const entries = entriesOf(file);
  const rules = entries.map(({ organizations, effects, secretFile, ca, ...rule }) => ({
    organizations,
    effects,
    rule: {
      ...rule,
      source: () => secretIn(resolve(dirname(file), secretFile)),
      ...(ca !== undefined && { upstreamCa: readFileSync(resolve(dirname(file), ca), 'utf8') }),
    } satisfies CredentialRule,
  }));
  return ({ organization }, effect) =>
    rules
      .filter(
        (each) => each.organizations.includes(organization) && each.effects.some((one) => one === effect),
      )
      .map(({ rule }) => rule);
}

const entry = z.strictObject({
  host: z.string().refine(isValidAllowedDomainEntry, "must be a host as in an agent's `network`"),
  header: z
    .string()
    .regex(/^[a-z0-9-]+$/i, 'must be the name of a header')
    .refine((name) => !FRAMING.test(name), 'must not be a header that says how a request is sent'),
  template: z
    .string()
    .regex(/^[\x20-\x7e]*\{(base64)?\}[\x20-\x7e]*$/, 'must say where the secret goes: `{}` or `{base64}`')
    .optional(),
  secretFile: z.string().min(1),
  organizations: z.array(z.string().min(1)).min(1),
  /** Calls below `production` run unasked as a rule, and whatever they run could use the credential. */
  effects: z
    .array(z.enum(['sandbox', 'production']))
    .min(1)
    .default(['production']),
  ca: z.string().min(1).optional(),
});
const FRAMING = /^(host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|keep-alive)$/i;

function entriesOf(file: string): z.infer<typeof entry>[] {
  try {
    requirePrivate(statSync(file).mode);
    const entries = z.array(entry).parse(parse(readFileSync(file, 'utf8')));
    for (const { secretFile } of entries) requirePrivate(statSync(resolve(dirname(file), secretFile)).mode);
    return entries;
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll('\n', ' ') : reasonOf(cause);
    throw new GatehouseError(
      'egress-credentials-invalid',
      `the file of egress credentials cannot be used: ${why}`,
      {
        cause,
      },
    );
  }
}

async function secretIn(path: string): Promise<string> {
  requirePrivate((await stat(path)).mode);
  return (await readFile(path, 'utf8')).trim();
}

class NotPrivateError extends Error {}

function requirePrivate(mode: number): void {
  if ((mode & 0o077) !== 0)
    throw new NotPrivateError('it or a secret it names can be read by others; use mode 0600');
}

function reasonOf(cause: unknown): string {
  return cause instanceof NotPrivateError ? cause.message : 'it, or a file it names, is missing or malformed';
}
