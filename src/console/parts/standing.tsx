import { isEnded, type RunStatus } from '../../domain/run';
import type { StoredStanding } from '../../store/standing-store';
import { paths } from '../paths';
import { Arguments } from './arguments';
import { Badge } from './badges';
import { ActionForm } from './form';
import { Name } from './theirs';
import { Ago } from './times';

/** Most characters of one argument in a list. */
const MAX_ARGUMENT = 400;

interface StandingRowsProps {
  standing: readonly StoredStanding[];
  csrf: string;
  mayRevoke: boolean;
  /** The page that shows them, and is shown again after a revocation. */
  on: 'run' | 'list';
  /** Of the run, on its page. */
  status?: RunStatus;
}

/** What was approved for the rest of runs, each revocable while it holds. */
export function StandingRows({ standing, csrf, mayRevoke, on, status }: StandingRowsProps) {
  const isOver = status !== undefined && isEnded(status);
  return (
    <ul class="rows">
      {standing.map(({ approvalId, runId, tool, action, by, createdAt, revokedAt, revokedBy }) => (
        <li data-item>
          <a href={paths.approval(approvalId)} data-open>
            <Name text={tool} />
          </a>
          {revokedAt === null ? null : <Badge tone="quiet" text="revoked" />}
          <span class="quiet">
            by <Name text={by.join(', ')} />, <Ago at={createdAt} />
            {revokedBy ? (
              <>
                {' '}
                · revoked by <Name text={revokedBy} maxLength={60} />
              </>
            ) : null}
          </span>
          {on === 'list' ? (
            <a class="end" href={paths.run(runId)}>
              run <Name text={runId} maxLength={16} />
            </a>
          ) : null}
          <div class="full">
            <Arguments
              args={action.args}
              title="Runs again without asking · written by the model"
              maxLength={MAX_ARGUMENT}
            />
          </div>
          {revokedAt === null && mayRevoke && !isOver ? (
            <ActionForm action={`${paths.approval(approvalId)}/revoke`} csrf={csrf} class="full">
              <input type="hidden" name="on" value={on} />
              <button type="submit" class="danger">
                Ask again from now on
              </button>
            </ActionForm>
          ) : null}
        </li>
      ))}
    </ul>
  );
}
