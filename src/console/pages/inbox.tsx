import { Hono } from 'hono';
import { GatehouseError, publicMessage } from '../../domain/errors';
import type { ConsoleContext, ConsoleEnvironment } from '../environment';
import { countWaiting, frameOf, isPartial, mayDo, requireScope } from '../page';
import { Heading, Layout, Notice, WaitingCount } from '../parts/layout';
import { TheirWords } from '../parts/theirs';
import { BASE, paths } from '../paths';
import { type Items, List } from './inbox-list';

const TITLE = 'Inbox';

/** What waits for people: answered and decided here, several at once where one likes. */
export const createInbox = () =>
  new Hono<ConsoleEnvironment>()
    .get('/', async (c) =>
      c.html(
        <Layout frame={await frameOf(c, 'inbox', TITLE)}>
          <Heading title={TITLE}>
            <p class="quiet">
              Approvals and questions that wait for people, newest first.{' '}
              <a href={paths.standing}>What is approved for whole runs</a>
            </p>
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

async function itemsOf(c: ConsoleContext): Promise<Items> {
  requireScope(c.get('caller'), 'approvals:read');
  const commands = c.get('commands');
  const pending = await commands.listPending();
  const runs = await commands.describeRuns(
    [...pending.approvals, ...pending.questions].map(({ runId }) => runId),
  );
  return { pending, runs, csrf: c.get('csrf'), mayDecide: mayDo(c, 'approvals:decide') };
}
