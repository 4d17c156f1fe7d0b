import type { Caller } from '../domain/caller';
import { GatehouseError } from '../domain/errors';
import type { ApiKeyStore } from '../store/api-key-store';
import type { OrganizationStore } from '../store/organization-store';
import type { PersonStore } from '../store/person-store';
import { API_KEY_PREFIX, callerOfApiKey } from './api-keys';
import type { Oidc } from './oidc';

/** Says who calls with a bearer text. */
export type Authenticate = (bearer: string) => Promise<Caller>;

export interface AuthenticateDependencies {
  apiKeys: Pick<ApiKeyStore, 'findByHash'>;
  organizations: Pick<OrganizationStore, 'get'>;
  people: Pick<PersonStore, 'get'>;
  /** Null where no provider is configured: its tokens are refused then. */
  oidc: Oidc | null;
  now?: () => number;
}

/** Longest bearer that is looked at, in characters. */
const MAX_BEARER = 16_384;

/**
 * The one place where callers of API and console are told apart: by an API key, or by a token of the identity provider.
 *
 * @throws GatehouseError `credentials-invalid`, `credentials-expired`, `identity-provider-unreachable`,
 *   `database-unreachable`
 */
export function createAuthenticate(dependencies: AuthenticateDependencies): Authenticate {
  const authenticate = authenticating(dependencies);
  // Many who come at once with one key, as listeners do after a restart, are looked up once. Nothing is kept after that.
  const underWay = new Map<string, Promise<Caller>>();
  return (bearer) => {
    const known = underWay.get(bearer);
    if (known) return known;
    const found = authenticate(bearer).finally(() => underWay.delete(bearer));
    underWay.set(bearer, found);
    return found;
  };
}

const authenticating =
  ({ apiKeys, organizations, people, oidc, now }: AuthenticateDependencies): Authenticate =>
  async (bearer) => {
    if (bearer.startsWith(API_KEY_PREFIX)) return callerOfApiKey(bearer, apiKeys, now);
    if (oidc === null || bearer.length > MAX_BEARER || bearer.split('.').length !== 3)
      throw new GatehouseError(
        'credentials-invalid',
        'this is neither an API key nor a token that counts here',
      );
    const caller = await oidc.callerOf(bearer);
    const { organizationId, person } = caller;
    if (!(await organizations.get(organizationId)))
      throw new GatehouseError(
        'credentials-invalid',
        'the token is of an organization that is not known here',
      );
    if ((await people.get(organizationId, person))?.isDisabled)
      throw new GatehouseError('credentials-invalid', 'this person was disabled');
    return caller;
  };
