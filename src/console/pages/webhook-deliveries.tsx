import type { StoredDelivery } from '../../store/webhook-store';
import { Badge, type Tone } from '../parts/badges';
import { Name, TheirWords } from '../parts/theirs';
import { Ago, Time } from '../parts/times';
import { paths } from '../paths';

interface DeliveriesProps {
  deliveries: readonly StoredDelivery[];
  /** The one webhook they are of. */
  only: string | undefined;
}

/** The delivery log: what was to be sent, how often it was tried, and how it ended. */
export function Deliveries({ deliveries, only }: DeliveriesProps) {
  return (
    <>
      {only === undefined ? null : (
        <p class="quiet">
          Only those of <Name text={only} maxLength={60} />. <a href={paths.webhooks}>Show all</a>
        </p>
      )}
      {deliveries.length === 0 ? <p class="quiet">Nothing was to be sent yet.</p> : null}
      <ul class="rows">
        {deliveries.map(
          ({ kind, runId, webhookId, status, attempts, lastError, createdAt, nextAttemptAt }) => (
            <li data-item>
              <Badge tone={TONES[status]} text={status} />
              <strong>{kind}</strong>
              {runId ? (
                <a href={paths.run(runId)} data-open>
                  run <Name text={runId} maxLength={16} />
                </a>
              ) : null}
              <span class="quiet grow">
                to {webhookId} · {attempts} {attempts === 1 ? 'attempt' : 'attempts'}
                {nextAttemptAt === null ? null : (
                  <>
                    {' '}
                    · next <Time at={nextAttemptAt} />
                  </>
                )}
              </span>
              <span class="end quiet">
                <Ago at={createdAt} />
              </span>
              {lastError ? (
                <p class="full">
                  <TheirWords text={lastError} maxLength={300} />
                </p>
              ) : null}
            </li>
          ),
        )}
      </ul>
    </>
  );
}

const TONES: Record<StoredDelivery['status'], Tone> = { delivered: 'good', failed: 'bad', pending: 'wait' };
