import { matchesDomainPatternWithPort } from '@anthropic-ai/sandbox-runtime/dist/sandbox/domain-pattern.js';

/**
 * Gives the secret of a rule when a request needs it, so that one that changed or expired meanwhile is not used.
 *
 * @throws where there is none: the request is then refused
 */
export type CredentialSource = (signal?: AbortSignal) => Promise<string>;

/** A credential that the proxy puts into requests, so that the program that asks never holds it. */
export interface CredentialRule {
  /** As in an agent's `network`. */
  host: string;
  /** Name of the header; what the program itself sends under it is dropped. */
  header: string;
  /** The header's value; `{}` is where the secret goes, `{base64}` where its base64 does. @default '{}' */
  template?: string;
  source: CredentialSource;
  /** Certificates (PEM) that the host's own is verified by. @default the system's */
  upstreamCa?: string;
}

/** The rule for a destination, already in the spelling that is dialled. */
export function ruleFor(rules: readonly CredentialRule[], host: string, port: number): CredentialRule | null {
  return (
    rules.find((rule) => {
      const hasPort = /\]:\d+$|^[^:]*:\d+$/.test(rule.host);
      return (hasPort || port === 443 || port === 80) && matchesDomainPatternWithPort(host, port, rule.host);
    }) ?? null
  );
}

/** The header's value, and what of it must not come back: it, the secret, and how both are commonly written. */
export function injectionOf(
  { template = '{}' }: CredentialRule,
  secret: string,
): { value: string; secrets: string[] } {
  const base64 = Buffer.from(secret).toString('base64');
  const value = template.replaceAll(/\{(base64)?\}/g, (_, isEncoded) => (isEncoded ? base64 : secret));
  // Of a user and a password the password alone is one too.
  const plain = [secret, base64, secret.slice(secret.indexOf(':') + 1)];
  const forms = plain.flatMap((text) => [
    text,
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
    Buffer.from(text).toString('base64url'),
    Buffer.from(text).toString('hex'),
  ]);
  return { value, secrets: [...new Set(forms)].filter(({ length }) => length >= SHORTEST) };
}

/** Shorter ones would be masked wherever they occur by chance. */
export const SHORTEST = 8;
