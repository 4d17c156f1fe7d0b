import { type BreakGlassStatus, describeScope } from '../../domain/break-glass';
import type { StoredBreakGlass } from '../../store/break-glass-store';
import { Badge, type Tone } from '../parts/badges';
import { ActionForm } from '../parts/form';
import { Name, Theirs, TheirWords } from '../parts/theirs';
import { Ago, duration, Until } from '../parts/times';
import { paths } from '../paths';

interface GlassProps {
  entries: readonly StoredBreakGlass[];
  csrf: string;
  /** Who looks. */
  person: string;
  /** Whether nobody else is needed. */
  isAlone: boolean;
  mayConfirm: boolean;
  mayEnd: boolean;
}

/** Each break-glass, and what whoever looks may do with it. */
export function Glass({ entries, ...rest }: GlassProps) {
  if (entries.length === 0) return <p class="quiet">Nothing is in force, and nothing was.</p>;
  return (
    <ul class="rows">
      {entries.map((entry) => (
        <li data-item>
          <GlassEntry entry={entry} {...rest} />
        </li>
      ))}
    </ul>
  );
}

function GlassEntry({ entry, ...rest }: { entry: StoredBreakGlass } & Omit<GlassProps, 'entries'>) {
  const { status, person, scope, confirmedBy, endedBy, reason, requestedAt, expiresAt, durationMs } = entry;
  return (
    <>
      <Badge tone={TONES[status]} text={status} />
      <strong>
        <Name text={person} />
      </strong>
      <span>
        for <TheirWords text={describeScope(scope)} maxLength={160} />, {duration(durationMs)}
      </span>
      <span class="quiet">
        asked <Ago at={requestedAt} />
        {confirmedBy ? (
          <>
            , confirmed by <Name text={confirmedBy} maxLength={60} />
          </>
        ) : null}
        {endedBy ? (
          <>
            , ended by <Name text={endedBy} maxLength={60} />
          </>
        ) : null}
        {status === 'active' && expiresAt ? (
          <>
            , <Until at={expiresAt} />
          </>
        ) : null}
      </span>
      <div class="full">
        <Theirs author="person" title="Reason" text={reason} maxLength={2_000} />
      </div>
      <Steps entry={entry} {...rest} />
    </>
  );
}

function Steps({
  entry: { id, status, person: requester },
  csrf,
  person,
  isAlone,
  mayConfirm,
  mayEnd,
}: { entry: StoredBreakGlass } & Omit<GlassProps, 'entries'>) {
  if (status !== 'requested' && status !== 'active') return null;
  const isOwn = requester === person && !isAlone;
  const action = (what: string) => `${paths.breakGlass}/${encodeURIComponent(id)}/${what}`;
  return (
    <div class="row full">
      {status === 'requested' && mayConfirm && !isOwn ? (
        <ActionForm action={action('confirm')} csrf={csrf}>
          <button type="submit" class="danger" data-approve>
            Confirm it<span class="unseen"> for {requester.slice(0, 60)}</span>
          </button>
        </ActionForm>
      ) : null}
      {status === 'requested' && isOwn ? <span class="quiet">Somebody else has to confirm it.</span> : null}
      {mayEnd ? (
        <ActionForm action={action('end')} csrf={csrf}>
          <button type="submit" data-deny>
            {status === 'active' ? 'End it now' : 'Take it back'}
          </button>
        </ActionForm>
      ) : null}
    </div>
  );
}

const TONES: Record<BreakGlassStatus, Tone> = {
  requested: 'wait',
  active: 'bad',
  ended: 'quiet',
  lapsed: 'quiet',
};
