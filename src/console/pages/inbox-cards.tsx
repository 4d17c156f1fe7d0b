import type { StoredApproval } from '../../store/approval-store';
import type { StoredQuestion } from '../../store/question-store';
import type { StoredRun } from '../../store/run-store';
import { wordsOf } from '../approval-words';
import { Arguments } from '../parts/arguments';
import { EffectBadges } from '../parts/badges';
import { ActionForm } from '../parts/form';
import { Name, Theirs, TheirWords } from '../parts/theirs';
import { Reasons } from '../parts/timeline';
import { Ago, Until } from '../parts/times';
import { BASE, paths } from '../paths';
import { requirementsOf } from '../requirements';

/** Most characters of one argument in the list; the approval's own page shows all. */
const MAX_ARGUMENT = 400;

interface ApprovalCardProps {
  approval: StoredApproval;
  run: StoredRun | undefined;
  mayDecide: boolean;
}

/** An approval that waits, with a way to its page. */
export function ApprovalCard({ approval, run, mayDecide }: ApprovalCardProps) {
  const { id, tool, args, effect, marks, findings, actionHash, expiresAt, createdAt, votes } = approval;
  const { quorum, approvedBy, roles } = requirementsOf(approval);
  const words = wordsOf(approval);
  return (
    <article
      class="card item"
      data-key={`approval-${id}`}
      data-version={String(votes.length)}
      data-item
      aria-labelledby={`title-${id}`}
    >
      <div class="card-head">
        {mayDecide ? (
          <input
            type="checkbox"
            name="approval"
            form="batch"
            value={`${id} ${actionHash}`}
            aria-label={`Select the approval of ${tool}`}
          />
        ) : null}
        <h2 id={`title-${id}`}>
          <a href={paths.approval(id)} data-open>
            <span class="unseen">Approval: </span>
            <Name text={tool} />
          </a>
        </h2>
        <EffectBadges effect={effect} marks={marks} />
        <span class="end quiet">
          <Until at={expiresAt} />
        </span>
      </div>
      <Of run={run} runId={approval.runId} at={createdAt} />
      <Reasons reasons={findings} />
      <Arguments args={args} title={words.arguments} maxLength={MAX_ARGUMENT} />
      <div class="row">
        <a class="button primary" href={paths.approval(id)} data-approve data-deny>
          Review and decide
        </a>
        {quorum > 1 || roles.length > 0 ? (
          <span class="quiet">
            {approvedBy.length} of {quorum} approved
            {roles.length > 0 ? (
              <>
                , needs <Name text={roles.join(', ')} />
              </>
            ) : null}
          </span>
        ) : null}
      </div>
    </article>
  );
}

interface QuestionCardProps {
  question: StoredQuestion;
  run: StoredRun | undefined;
  csrf: string;
  mayDecide: boolean;
}

/** A question that is answered in place. */
export function QuestionCard({ question: asked, run, csrf, mayDecide }: QuestionCardProps) {
  const { id, question, options, expiresAt, createdAt, runId } = asked;
  const action = `${BASE}/questions/${encodeURIComponent(id)}/answer`;
  return (
    <article
      class="card item question"
      data-key={`question-${id}`}
      data-version="0"
      data-item
      aria-labelledby={`title-${id}`}
    >
      <div class="card-head">
        <h2 id={`title-${id}`}>
          <a href={paths.run(runId)} data-open>
            Question
          </a>
        </h2>
        <span class="end quiet">
          <Until at={expiresAt} />
        </span>
      </div>
      <Of run={run} runId={runId} at={createdAt} />
      <Theirs author="model" text={question} />
      {mayDecide ? (
        <>
          {options.length > 0 ? (
            <ActionForm action={action} csrf={csrf} live="#inbox" class="options">
              {options.map((option) => (
                <button type="submit" name="answer" value={option} data-approve>
                  <TheirWords text={option} maxLength={500} />
                </button>
              ))}
            </ActionForm>
          ) : null}
          <ActionForm action={action} csrf={csrf} live="#inbox" class="row">
            <label class="grow">
              <span class="unseen">Your own answer</span>
              <input
                name="answer"
                placeholder={options.length > 0 ? 'Or an answer of your own' : 'Your answer'}
                required
                autocomplete="off"
              />
            </label>
            <button type="submit">Answer</button>
          </ActionForm>
        </>
      ) : null}
    </article>
  );
}

function Of({ run, runId, at }: { run: StoredRun | undefined; runId: string; at: number }) {
  return (
    <p class="of quiet">
      {run ? (
        <>
          <Name text={run.agent} /> for <Name text={run.input.requestedBy} /> ·{' '}
        </>
      ) : null}
      <a href={paths.run(runId)}>
        run <Name text={runId} maxLength={16} />
      </a>{' '}
      · <Ago at={at} />
    </p>
  );
}
