import type { RunView } from '../../commands/show-run';
import { ActionForm } from '../parts/form';
import { Name } from '../parts/theirs';
import { BASE, paths } from '../paths';
import { TopUpForm } from './run-top-up';

/** Where to decide what waits. */
export function Pending({ run: { pending } }: { run: RunView }) {
  if (pending.approvals.length + pending.questions.length === 0) return null;
  return (
    <ul class="plain-list">
      {pending.approvals.map(({ id, tool }) => (
        <li>
          <a class="button primary" href={paths.approval(id)} data-approve>
            Decide on <Name text={tool} />
          </a>
        </li>
      ))}
      {pending.questions.map(() => (
        <li>
          <a class="button primary" href={BASE}>
            Answer its question
          </a>
        </li>
      ))}
    </ul>
  );
}

interface ControlsProps {
  runId: string;
  isPaused: boolean;
  csrf: string;
  mayWrite: boolean;
  mayDecide: boolean;
}

/** Pause, resume and stop for who steers runs; more budget for who decides. */
export function Controls({ runId, isPaused, csrf, mayWrite, mayDecide }: ControlsProps) {
  const action = (name: string) => `${paths.run(runId)}/${name}`;
  return (
    <section class="card" aria-labelledby="controls" data-key={`controls-${isPaused}`} data-version="0">
      <h2 id="controls">Control</h2>
      {mayWrite ? (
        <>
          <ActionForm action={action(isPaused ? 'resume' : 'pause')} csrf={csrf} class="row">
            <label class="grow">
              <span class="unseen">Reason</span>
              <input name="reason" placeholder="Reason" maxlength={500} autocomplete="off" />
            </label>
            <button type="submit">{isPaused ? 'Resume' : 'Pause'}</button>
          </ActionForm>
          <details>
            <summary>Stop for good</summary>
            <ActionForm action={action('stop')} csrf={csrf} class="row">
              <span class="quiet grow">What runs now is ended, and the run cannot go on.</span>
              <button type="submit" class="danger">
                Stop the run
              </button>
            </ActionForm>
          </details>
        </>
      ) : null}
      {mayDecide ? <TopUpForm runId={runId} csrf={csrf} /> : null}
      {mayWrite ? (
        <p class="quiet small">
          <a href={`${paths.breakGlass}?run=${encodeURIComponent(runId)}`}>Break-glass for this run</a>
        </p>
      ) : null}
    </section>
  );
}
