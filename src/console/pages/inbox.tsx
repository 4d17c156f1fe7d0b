import { Hono } from 'hono';
import type { PendingForPeople } from '../../commands/list-pending';
import { GatehouseError, publicMessage } from '../../domain/errors';
import type { StoredApproval } from '../../store/approval-store';
import type { StoredQuestion } from '../../store/question-store';
import type { StoredRun } from '../../store/run-store';
import type { ConsoleContext, ConsoleEnvironment } from '../environment';
import { countWaiting, frameOf, isPartial, mayDo, requireScope } from '../page';
import { Arguments } from '../parts/arguments';
import { EffectBadges } from '../parts/badges';
import { ActionForm } from '../parts/form';
import { Heading, Layout, Notice, WaitingCount } from '../parts/layout';
import { Name, Theirs, TheirWords } from '../parts/theirs';
import { Reasons } from '../parts/timeline';
import { Ago, Until } from '../parts/times';
import { BASE, paths } from '../paths';
import { requirementsOf } from '../requirements';

const TITLE = 'Inbox';
/** Most characters of one argument in the list; the approval's own page shows all. */
const MAX_ARGUMENT = 400;

/** What waits for people: answered and decided here, several at once where one likes. */
export const createInbox = () =>
  new Hono<ConsoleEnvironment>()
    .get('/', async (c) =>
      c.html(
        <Layout frame={await frameOf(c, 'inbox', TITLE)}>
          <Heading title={TITLE}>
            <p class="quiet">Approvals and questions that wait for people, newest first.</p>
          </Heading>
          <List {...(await itemsOf(c))} />
        </Layout>,
      ),
    )
    .get('/waiting', async (c) => c.html(<WaitingCount waiting={await countWaiting(c)} />))
    .get('/inbox', async (c) => c.html(await updated(c)))
    .post('/questions/:id/answer', async (c) => {
      requireScope(c.get('caller'), 'approvals:decide');
      const answer = c.get('form').text('answer');
      await c.get('commands').answer({ questionId: c.req.param('id'), answer, by: c.get('caller').person });
      return done(c, 'The answer is given; the run goes on.');
    })
    .post('/batch', async (c) => {
      requireScope(c.get('caller'), 'approvals:decide');
      return done(c, ...(await decideAll(c)));
    });

/** Decides each approval that was selected, as it was shown; one that is refused does not hold the others. */
async function decideAll(c: ConsoleContext): Promise<[string, string[]]> {
  const form = c.get('form');
  const isApproved = form.text('decision') === 'approve';
  const reason = form.text('reason').trim();
  const selected = form.texts('approval').map((value) => value.split(' '));
  if (selected.length === 0)
    throw new GatehouseError('nothing-selected', 'select the approvals to decide first');
  if (!isApproved && reason === '')
    throw new GatehouseError('reason-empty', 'a denial needs a reason; the model is told it');
  const refused: string[] = [];
  for (const [approvalId = '', actionHash = ''] of selected) {
    try {
      await c.get('commands').decide({
        approvalId,
        actionHash,
        decision: isApproved ? 'approve' : 'deny',
        by: c.get('caller').person,
        ...(isApproved ? {} : { reason }),
      });
    } catch (error) {
      refused.push(publicMessage(error));
    }
  }
  const count = selected.length - refused.length;
  const what = isApproved ? 'approved' : 'denied';
  return [`${count} of ${selected.length} ${what}.`, refused];
}

async function done(c: ConsoleContext, text: string, problems: string[] = []) {
  if (!isPartial(c)) return c.redirect(BASE, 303);
  return c.html(
    <>
      {await updated(c)}
      <div id="notice" hx-swap-oob="innerHTML">
        <Notice tone={problems.length > 0 ? 'bad' : 'good'}>
          {text}
          {problems.map((problem) => (
            <>
              {' '}
              <TheirWords text={problem} />
            </>
          ))}
        </Notice>
      </div>
    </>,
  );
}

/** The list as it is now, with the page's title. */
async function updated(c: ConsoleContext) {
  const items = await itemsOf(c);
  const count = items.pending.approvals.length + items.pending.questions.length;
  return (
    <>
      <title>{`${count > 0 ? `(${count}) ` : ''}${TITLE} · Gatehouse`}</title>
      <List {...items} />
    </>
  );
}

interface Items {
  pending: PendingForPeople;
  runs: ReadonlyMap<string, StoredRun>;
  csrf: string;
  mayDecide: boolean;
}

async function itemsOf(c: ConsoleContext): Promise<Items> {
  requireScope(c.get('caller'), 'approvals:read');
  const commands = c.get('commands');
  const pending = await commands.listPending();
  const runs = await commands.describeRuns(
    [...pending.approvals, ...pending.questions].map(({ runId }) => runId),
  );
  return { pending, runs, csrf: c.get('csrf'), mayDecide: mayDo(c, 'approvals:decide') };
}

function List({ pending: { approvals, questions }, runs, csrf, mayDecide }: Items) {
  const items = [
    ...approvals.map((approval) => ({
      at: approval.createdAt,
      card: <ApprovalCard approval={approval} run={runs.get(approval.runId)} mayDecide={mayDecide} />,
    })),
    ...questions.map((question) => ({
      at: question.createdAt,
      card: (
        <QuestionCard question={question} run={runs.get(question.runId)} csrf={csrf} mayDecide={mayDecide} />
      ),
    })),
  ].sort((one, other) => other.at - one.at);
  return (
    <div
      id="inbox"
      class="cards"
      hx-get={`${BASE}/inbox`}
      hx-trigger="sse:inbox"
      hx-target="#inbox"
      hx-swap="keyed"
    >
      {items.length === 0 ? (
        <div class="empty" data-key="empty">
          <p class="empty-title">Nothing waits</p>
          <p class="quiet">Runs that ask for an answer or an approval appear here by themselves.</p>
        </div>
      ) : null}
      {mayDecide && approvals.length > 1 ? <Batch csrf={csrf} /> : null}
      {items.map(({ card }) => card)}
    </div>
  );
}

function Batch({ csrf }: { csrf: string }) {
  return (
    <div class="batch card" data-key="batch" data-version="0">
      <ActionForm id="batch" action={`${BASE}/batch`} csrf={csrf} live="#inbox">
        <p>
          <strong>Decide several at once:</strong> select them below.
        </p>
        <div class="row">
          <button type="submit" name="decision" value="approve" class="primary">
            Approve selected
          </button>
          <label class="grow">
            <span class="unseen">Reason of a denial</span>
            <input name="reason" placeholder="Reason, for a denial" maxlength={2000} autocomplete="off" />
          </label>
          <button type="submit" name="decision" value="deny" class="danger">
            Deny selected
          </button>
        </div>
      </ActionForm>
    </div>
  );
}

interface ApprovalCardProps {
  approval: StoredApproval;
  run: StoredRun | undefined;
  mayDecide: boolean;
}

function ApprovalCard({ approval, run, mayDecide }: ApprovalCardProps) {
  const { id, tool, args, effect, marks, findings, actionHash, expiresAt, createdAt, votes } = approval;
  const { quorum, approvedBy, roles } = requirementsOf(approval);
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
      <Arguments args={args} title="What would run · written by the model" maxLength={MAX_ARGUMENT} />
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

function QuestionCard({ question: asked, run, csrf, mayDecide }: QuestionCardProps) {
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
