import type { StoredCredential } from '../../store/credential-list';
import { Badge, type Tone } from '../parts/badges';
import { Name } from '../parts/theirs';
import { Time, Until } from '../parts/times';

/** What the credential broker issued to a run: names and times, since nobody here knows a secret. */
export function Credentials({ credentials }: { credentials: readonly StoredCredential[] }) {
  const now = Date.now();
  return (
    <section
      class="card"
      aria-labelledby="credentials"
      data-key="credentials"
      data-version={credentials.map((each) => `${each.handle} ${stateOf(each, now).text}`).join(' ')}
    >
      <h2 id="credentials">Credentials</h2>
      <ul class="rows">
        {credentials.map((credential) => {
          const { handle, provider, account, role, scope, expiresAt, endedAt } = credential;
          const { tone, text } = stateOf(credential, now);
          return (
            <li>
              <Badge tone={tone} text={text} />
              <span class="grow">
                <strong>
                  <Name text={account} maxLength={60} />
                </strong>{' '}
                as <Name text={role} maxLength={60} /> to {scope}
              </span>
              <span class="quiet small full">
                <Name text={handle} /> · by <Name text={provider} />,{' '}
                {endedAt !== null ? (
                  <>
                    ended <Time at={endedAt} />
                  </>
                ) : (
                  <Until at={expiresAt} />
                )}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function stateOf({ status, expiresAt }: StoredCredential, now: number): { tone: Tone; text: string } {
  switch (status) {
    case 'issuing':
      return { tone: 'wait', text: 'being issued' };
    case 'issued':
      return expiresAt > now ? { tone: 'live', text: 'valid' } : { tone: 'quiet', text: 'expired' };
    case 'revoked':
      return { tone: 'quiet', text: 'revoked' };
    case 'lapsed':
      return { tone: 'wait', text: 'could not be revoked' };
  }
}
