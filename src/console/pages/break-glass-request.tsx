import { BREAK_GLASS_MS, MAX_BREAK_GLASS_MS } from '../../domain/break-glass';
import { ActionForm } from '../parts/form';
import { duration } from '../parts/times';
import { paths } from '../paths';

const MINUTES = [15, BREAK_GLASS_MS / 60_000, 60, 120, MAX_BREAK_GLASS_MS / 60_000];

interface RequestFormProps {
  csrf: string;
  agents: readonly string[];
  /** The run that somebody came from; empty for none. */
  runId: string;
  isAlone: boolean;
}

/** Why, where and for how long. */
export function RequestForm({ csrf, agents, runId, isAlone }: RequestFormProps) {
  return (
    <ActionForm action={paths.breakGlass} csrf={csrf} class="stack">
      <label>
        What the emergency is
        <textarea name="reason" rows={2} required maxlength={2_000} />
      </label>
      <div class="row">
        <label>
          Where{' '}
          <select name="scope">
            {runId === '' ? null : (
              <option value={`run ${runId}`} selected>
                run {runId.slice(0, 16)} only
              </option>
            )}
            {agents.map((agent) => (
              <option value={`agent ${agent}`}>agent {agent}</option>
            ))}
            <option value="organization">the whole organization</option>
          </select>
        </label>
        <label>
          For{' '}
          <select name="minutes">
            {MINUTES.map((minutes) => (
              <option value={String(minutes)} selected={minutes * 60_000 === BREAK_GLASS_MS}>
                {duration(minutes * 60_000)}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="danger">
          Ask for it
        </button>
      </div>
      <p class="quiet small">
        {isAlone
          ? 'You work alone here, so that you confirm it yourself.'
          : 'It is worth nothing until somebody else confirms it, within an hour.'}
      </p>
    </ActionForm>
  );
}
