import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Caller } from '../domain/caller';
import { GatehouseError } from '../domain/errors';
import { scopesOf } from '../domain/scopes';
import { visibleText } from '../domain/visible-text';

/** An OpenID Connect provider whose tokens count, and how its claims are read. */
export interface OidcSettings {
  /** Exactly as its tokens and its discovery document say it. */
  issuer: string;
  /** Who its tokens must be for. */
  audience: string;
  /** The claim with the organization's id. @default 'organization' */
  organizationClaim?: string;
  /** The claim with the roles: a list, or a text with spaces between. @default 'roles' */
  rolesClaim?: string;
  /** The claim that decisions and audit name people by. @default 'sub' */
  personClaim?: string;
  /** Signatures that count. @default ['RS256', 'PS256', 'ES256', 'EdDSA'] */
  algorithms?: readonly string[];
  /** How far clocks may differ, in seconds. @default 30 */
  clockToleranceS?: number;
}

/** What the provider says of itself. */
export interface OidcProvider {
  issuer: string;
  jwksUri: string;
  authorizationEndpoint: string | null;
  tokenEndpoint: string | null;
  /** How clients with a secret show it at the token endpoint. */
  clientAuthentication: 'basic' | 'post';
}

export type Oidc = ReturnType<typeof createOidc>;

export const DEFAULT_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
const DEFAULT_CLOCK_TOLERANCE_S = 30;
const REQUEST_LIMIT_MS = 5_000;
const MAX_ROLES = 50;

const discoveryDocument = z.object({
  issuer: z.string(),
  jwks_uri: z.url(),
  authorization_endpoint: z.url().optional(),
  token_endpoint: z.url().optional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
});
const name = z.string().min(1).max(200);

/**
 * Reads tokens of one provider. Its keys are fetched when first needed, kept, and fetched again when a token names one
 * that is not known.
 */
export function createOidc(settings: OidcSettings) {
  const { issuer, audience, algorithms = DEFAULT_ALGORITHMS } = settings;
  let found: Promise<{ provider: OidcProvider; keys: ReturnType<typeof createRemoteJWKSet> }> | null = null;

  /** One that could not be reached is asked again by the next token. */
  function discovered() {
    found ??= discover(issuer).then((provider) => ({
      provider,
      keys: createRemoteJWKSet(new URL(provider.jwksUri), { timeoutDuration: REQUEST_LIMIT_MS }),
    }));
    found.catch(() => {
      found = null;
    });
    return found;
  }

  /** @throws GatehouseError `credentials-invalid`, `credentials-expired`, `identity-provider-unreachable` */
  async function claimsOf(token: string): Promise<JWTPayload> {
    const { keys } = await discovered();
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: [...algorithms],
        clockTolerance: settings.clockToleranceS ?? DEFAULT_CLOCK_TOLERANCE_S,
        requiredClaims: ['exp', 'iat', 'sub'],
      });
      return payload;
    } catch (cause) {
      throw refusal(cause, issuer);
    }
  }

  return {
    /** @throws GatehouseError `identity-provider-unreachable` */
    provider: async (): Promise<OidcProvider> => (await discovered()).provider,

    claimsOf,

    /**
     * Who calls with this token. Roles that nobody knows here give no scope; rules may ask for them.
     *
     * @throws GatehouseError `credentials-invalid`, `credentials-expired`, `identity-provider-unreachable`
     */
    async callerOf(token: string): Promise<Caller> {
      return callerOfClaims(await claimsOf(token), settings);
    },
  };
}

/** @throws GatehouseError `credentials-invalid` where a claim is missing or of another shape */
export function callerOfClaims(
  claims: JWTPayload,
  {
    organizationClaim = 'organization',
    rolesClaim = 'roles',
    personClaim = 'sub',
  }: Pick<OidcSettings, 'organizationClaim' | 'rolesClaim' | 'personClaim'>,
): Caller {
  const organizationId = textOf(claims, organizationClaim);
  const person = textOf(claims, personClaim);
  const roles = rolesOf(valueAt(claims, rolesClaim), rolesClaim);
  return { organizationId, person, roles, scopes: scopesOf(roles), proof: 'oidc' };
}

/** @throws GatehouseError `identity-provider-unreachable` */
async function discover(issuer: string): Promise<OidcProvider> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(REQUEST_LIMIT_MS) });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    const document = discoveryDocument.parse(await answer.json());
    if (document.issuer !== issuer) throw new Error(`${url} is of issuer ${document.issuer}`);
    requireSafe(document.jwks_uri);
    return {
      issuer,
      jwksUri: document.jwks_uri,
      authorizationEndpoint: document.authorization_endpoint ?? null,
      tokenEndpoint: document.token_endpoint ?? null,
      clientAuthentication: authenticationOf(document.token_endpoint_auth_methods_supported),
    };
  } catch (cause) {
    throw unreachable(issuer, cause);
  }
}

/** Basic, where a provider does not say that it takes only the other. */
function authenticationOf(supported: readonly string[] | undefined): OidcProvider['clientAuthentication'] {
  const isPostAlone =
    !supported?.includes('client_secret_basic') && supported?.includes('client_secret_post');
  return isPostAlone ? 'post' : 'basic';
}

/** Keys that came over a network in clear would be anybody's. */
function requireSafe(uri: string): void {
  const { protocol, hostname } = new URL(uri);
  const isLoopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
  if (protocol !== 'https:' && !isLoopback) throw new Error(`${uri} is not https`);
}

/** A literal name first, since providers name their own claims as URLs; else a path, as in `realm_access.roles`. */
function valueAt(claims: Record<string, unknown>, claim: string): unknown {
  if (Object.hasOwn(claims, claim)) return claims[claim];
  return claim
    .split('.')
    .reduce<unknown>(
      (value, part) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, part)
          ? (value as Record<string, unknown>)[part]
          : undefined,
      claims,
    );
}

function textOf(claims: JWTPayload, claim: string): string {
  const parsed = name.safeParse(valueAt(claims, claim));
  if (parsed.success) return parsed.data;
  throw malformed(`the token has no claim \`${claim}\``);
}

function rolesOf(value: unknown, claim: string): string[] {
  if (value === undefined) return [];
  const list = typeof value === 'string' ? value.split(' ').filter(Boolean) : value;
  const parsed = z.array(name).max(MAX_ROLES).safeParse(list);
  if (parsed.success) return [...new Set(parsed.data)];
  throw malformed(`the token's claim \`${claim}\` is no list of roles`);
}

function refusal(cause: unknown, issuer: string): GatehouseError {
  if (cause instanceof errors.JWTExpired)
    return new GatehouseError('credentials-expired', 'the token has expired; get another', { cause });
  if (
    cause instanceof errors.JWKSTimeout ||
    (cause instanceof errors.JOSEError && cause.code === 'ERR_JOSE_GENERIC') ||
    !(cause instanceof errors.JOSEError)
  )
    return unreachable(issuer, cause);
  return new GatehouseError('credentials-invalid', 'the token is none that counts here', { cause });
}

function malformed(message: string): GatehouseError {
  return new GatehouseError('credentials-invalid', message);
}

function unreachable(issuer: string, cause: unknown): GatehouseError {
  return new GatehouseError(
    'identity-provider-unreachable',
    `the identity provider \`${visibleText(issuer, 200)}\` does not answer as it should; try again`,
    { cause },
  );
}
