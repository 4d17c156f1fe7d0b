import { describeScope } from '../../domain/break-glass';
import type { StoredBreakGlass } from '../../store/break-glass-store';
import { BASE, paths } from '../paths';
import { Name, TheirWords } from './theirs';
import { Until } from './times';

/** On every page while a break-glass is active; a page that stays open asks again. */
export function Emergency({ active }: { active: readonly StoredBreakGlass[] }) {
  return (
    <div id="emergency" hx-get={`${BASE}/emergency`} hx-trigger="every 10s" hx-swap="outerHTML">
      {active.map(({ person, scope, reason, expiresAt }) => (
        <section class="emergency" aria-label="Break-glass">
          <p>
            <strong>Break-glass is active.</strong> The approvals of <Name text={person} maxLength={60} />{' '}
            alone are enough, for <TheirWords text={describeScope(scope)} maxLength={120} />
            {expiresAt ? (
              <>
                , <Until at={expiresAt} />
              </>
            ) : null}
            : <TheirWords text={reason} maxLength={160} />
          </p>
          <a class="button" href={paths.breakGlass}>
            Look at it
          </a>
        </section>
      ))}
    </div>
  );
}
