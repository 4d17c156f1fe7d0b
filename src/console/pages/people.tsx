import { Hono } from 'hono';
import type { StoredApiKey } from '../../store/api-key-store';
import type { StoredPerson } from '../../store/person-store';
import type { ConsoleEnvironment } from '../environment';
import { frameOf } from '../page';
import { Badge } from '../parts/badges';
import { Heading, Layout } from '../parts/layout';
import { Name } from '../parts/theirs';
import { Ago, Time } from '../parts/times';

/** Who there is, and what they may do. */
export const createPeoplePage = () =>
  new Hono<ConsoleEnvironment>().get('/', async (c) => {
    const frame = await frameOf(c, 'people', 'People and keys');
    const { listPeople, apiKeys } = c.get('commands');
    const [persons, keys] = await Promise.all([listPeople(), apiKeys.list()]);
    return c.html(
      <Layout frame={frame}>
        <Heading title="People and keys">
          <p class="quiet">
            Keys are made with <code>gatehouse keys</code>; nothing secret is kept here.
          </p>
        </Heading>
        <section class="card" aria-labelledby="people">
          <h2 id="people">People</h2>
          {persons.length === 0 ? (
            <p class="quiet">Nobody has a key of their own yet.</p>
          ) : (
            <People persons={persons} />
          )}
        </section>
        <section class="card" aria-labelledby="keys">
          <h2 id="keys">API keys</h2>
          {keys.length === 0 ? <p class="quiet">None.</p> : <Keys keys={keys} />}
        </section>
      </Layout>,
    );
  });

function People({ persons }: { persons: readonly StoredPerson[] }) {
  return (
    <ul class="rows">
      {persons.map(({ name, roles, keys, isDisabled }) => (
        <li>
          <strong>
            <Name text={name} />
          </strong>
          <Badge tone={isDisabled ? 'bad' : 'good'} text={isDisabled ? 'disabled' : 'active'} />
          <span class="quiet">
            <Name text={roles.join(', ') || 'no roles'} />
          </span>
          <span class="quiet grow">
            {keys.length} signing {keys.length === 1 ? 'key' : 'keys'}
            {keys.map(({ thumbprint }) => (
              <>
                {' '}
                <code>{thumbprint.slice(0, 12)}…</code>
              </>
            ))}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Keys({ keys }: { keys: readonly StoredApiKey[] }) {
  return (
    <ul class="rows">
      {keys.map(({ name, person, roles, scopes, createdAt, expiresAt, revokedAt }) => (
        <li>
          <strong>
            <Name text={name} />
          </strong>
          <KeyState expiresAt={expiresAt} revokedAt={revokedAt} />
          <span class="quiet">
            of <Name text={person || name} />
            {roles.length > 0 ? (
              <>
                {' '}
                (<Name text={roles.join(', ')} />)
              </>
            ) : null}
          </span>
          <span class="quiet grow">
            {scopes.join(', ') || 'no scopes'} · made <Ago at={createdAt} />
            {expiresAt ? (
              <>
                {' '}
                · until <Time at={expiresAt} />
              </>
            ) : null}
          </span>
        </li>
      ))}
    </ul>
  );
}

function KeyState({ expiresAt, revokedAt }: Pick<StoredApiKey, 'expiresAt' | 'revokedAt'>) {
  if (revokedAt !== null) return <Badge tone="bad" text="revoked" />;
  if (expiresAt !== null && expiresAt <= Date.now()) return <Badge tone="quiet" text="expired" />;
  return <Badge tone="good" text="counts" />;
}
