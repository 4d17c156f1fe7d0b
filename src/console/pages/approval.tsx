import { Hono } from 'hono';
import type { ApprovalView } from '../../commands/review-approval';
import { GatehouseError } from '../../domain/errors';
import { describeApproval } from '../../domain/settled';
import type { ActedOn } from '../acted-on';
import { actedOn, difference } from '../acted-on';
import { indented, readEdited } from '../arguments';
import type { ConsoleDependencies } from '../dependencies';
import type { ConsoleContext, ConsoleEnvironment } from '../environment';
import { frameOf, isPartial, mayDo, requireScope } from '../page';
import { Arguments } from '../parts/arguments';
import { Badge, EffectBadges } from '../parts/badges';
import { Patch, Plan } from '../parts/diff';
import { ActionForm } from '../parts/form';
import { Heading, Layout } from '../parts/layout';
import { Name, Theirs, TheirWords } from '../parts/theirs';
import { Reasons, Timeline, toneOfApproval } from '../parts/timeline';
import { Ago, Time, Until } from '../parts/times';
import { BASE, paths } from '../paths';
import { requirementsOf } from '../requirements';

/** Most characters of one argument: what tools take at most is shown whole. */
const MAX_ARGUMENT = 1_000_000;

type Dependencies = Pick<ConsoleDependencies, 'artifacts'>;

/** One approval: what would run, why it was held, and the decision. */
export const createApprovalPages = ({ artifacts }: Dependencies) =>
  new Hono<ConsoleEnvironment>()
    .get('/:id', async (c) => {
      requireScope(c.get('caller'), 'approvals:read');
      const view = await c.get('commands').reviewApproval(c.req.param('id'));
      const state = <State view={view} csrf={c.get('csrf')} mayDecide={mayDo(c, 'approvals:decide')} />;
      if (isPartial(c)) return c.html(state);
      const about = await actedOn(view, { artifacts, commands: c.get('commands') });
      const { approval } = view;
      return c.html(
        <Layout
          frame={await frameOf(c, 'inbox', `Approval of ${approval.tool}`)}
          live={`${BASE}/live?approval=${encodeURIComponent(approval.id)}`}
        >
          <Heading
            title={
              <>
                <span class="quiet">Approval of</span> <Name text={approval.tool} />
              </>
            }
          >
            <p class="badges">
              <EffectBadges effect={approval.effect} marks={approval.marks} />
            </p>
          </Heading>
          <div class="columns reading">
            <div class="stack">
              <Held view={view} />
              <Content about={about} args={approval.args} />
              <Asked view={view} />
              <History view={view} />
            </div>
            <div class="stack side">{state}</div>
          </div>
        </Layout>,
      );
    })
    .get('/:id/arguments', async (c) => {
      requireScope(c.get('caller'), 'approvals:read');
      const { approval } = await c.get('commands').reviewApproval(c.req.param('id'));
      return c.body(approval.args, 200, {
        'content-type': 'text/plain; charset=utf-8',
        'content-disposition': `attachment; filename="arguments-${approval.id.replaceAll(/[^\w-]/g, '_')}.json"`,
      });
    })
    .post('/:id/decision', async (c) => {
      requireScope(c.get('caller'), 'approvals:decide');
      const form = c.get('form');
      const decision = form.text('decision');
      const reason = form.text('reason').trim();
      if (decision !== 'approve' && decision !== 'deny' && decision !== 'approve-run')
        throw new GatehouseError('decision-malformed', 'approve or deny it');
      if (decision === 'deny' && reason === '')
        throw new GatehouseError('reason-empty', 'a denial needs a reason; the model is told it');
      const approvalId = c.req.param('id');
      await c.get('commands').decide({
        approvalId,
        decision: decision === 'deny' ? 'deny' : 'approve',
        by: c.get('caller').person,
        actionHash: form.text('actionHash'),
        ...(decision === 'deny' ? { reason } : {}),
        ...(decision === 'approve-run' ? { scope: 'run' } : {}),
      });
      return c.redirect(paths.approval(approvalId), 303);
    })
    .post('/:id/edit', async (c) => {
      requireScope(c.get('caller'), 'approvals:decide');
      const form = c.get('form');
      const view = await c.get('commands').reviewApproval(c.req.param('id'));
      const { approval } = view;
      const { args, canonical } = readEdited(form.text('args'));
      if (canonical === approval.args)
        throw new GatehouseError('arguments-unchanged', 'these are the arguments as they were asked for');
      if (form.text('step') !== 'confirm')
        return c.html(
          <Layout frame={await frameOf(c, 'inbox', `Edit of ${approval.tool}`)}>
            <Confirm c={c} view={view} canonical={canonical} actionHash={form.text('actionHash')} />
          </Layout>,
        );
      await c.get('commands').decide({
        approvalId: approval.id,
        decision: 'approve',
        by: c.get('caller').person,
        actionHash: form.text('actionHash'),
        args,
      });
      return c.redirect(paths.approval(approval.id), 303);
    });

function Held({ view: { approval } }: { view: ApprovalView }) {
  return (
    <section class="card" aria-labelledby="why">
      <h2 id="why">Why it was held</h2>
      <Reasons reasons={approval.findings} />
    </section>
  );
}

function Asked({ view: { approval, run } }: { view: ApprovalView }) {
  return (
    <section class="card" aria-labelledby="run">
      <h2 id="run">The run that asks</h2>
      <dl class="facts">
        <div>
          <dt>Agent</dt>
          <dd>
            <a href={paths.agent(run.agent)}>
              <Name text={run.agent} />
            </a>
          </dd>
        </div>
        <div>
          <dt>Asked for by</dt>
          <dd>
            <Name text={run.input.requestedBy} />
          </dd>
        </div>
        <div>
          <dt>Run</dt>
          <dd>
            <a href={paths.run(run.id)}>
              <Name text={run.id} />
            </a>
          </dd>
        </div>
        <div>
          <dt>Waiting since</dt>
          <dd>
            <Time at={approval.createdAt} />
          </dd>
        </div>
      </dl>
      <Theirs author="requester" title="What the run is for" text={run.input.prompt} maxLength={2_000} />
    </section>
  );
}

function Content({ about, args }: { about: ActedOn | null; args: string }) {
  return (
    <section class="card" aria-labelledby="what">
      <h2 id="what">Exactly what will run</h2>
      <Arguments args={args} title="Arguments · written by the model" maxLength={MAX_ARGUMENT} />
      <ActedOnView about={about} />
    </section>
  );
}

function ActedOnView({ about }: { about: ActedOn | null }) {
  switch (about?.kind) {
    case undefined:
      return null;
    case 'patch':
      return <Patch title={about.title} patch={about.patch} />;
    case 'plan':
      return <Plan title={about.title} text={about.text} />;
    case 'missing':
      return <p class="quiet">No difference to show: {about.why}.</p>;
  }
}

function History({ view: { history } }: { view: ApprovalView }) {
  return (
    <section class="card" aria-labelledby="history">
      <h2 id="history">What led here</h2>
      <Timeline events={history} />
    </section>
  );
}

interface StateProps {
  view: ApprovalView;
  csrf: string;
  mayDecide: boolean;
}

/** How the approval stands and what can be done; asked for again when that changes. */
function State({ view: { approval }, csrf, mayDecide }: StateProps) {
  const { id, status, outcome, votes, expiresAt, actionHash } = approval;
  const { quorum, roles, fourEyes, approvedBy } = requirementsOf(approval);
  const isOpen = status === 'pending';
  return (
    <section
      id="state"
      class="card decision"
      aria-labelledby="state-title"
      hx-get={paths.approval(id)}
      hx-trigger="sse:approval"
      hx-swap="keyed"
      hx-target="#state"
    >
      <div class="group" data-key="status" data-version={`${status} ${votes.length}`}>
        <h2 id="state-title">Decision</h2>
        <p class="row">
          <Badge tone={toneOfApproval(status)} text={isOpen ? 'waits' : status} />
          {isOpen ? (
            <span class="quiet">
              <Until at={expiresAt} />, until <Time at={expiresAt} />
            </span>
          ) : null}
        </p>
        {outcome ? (
          <p>
            <TheirWords text={describeApproval(outcome)} maxLength={600} />
          </p>
        ) : null}
        <dl class="facts">
          <div>
            <dt>Needs</dt>
            <dd>
              {quorum === 1 ? 'one approver' : `${quorum} distinct approvers`}
              {roles.map((role, index) => (
                <>
                  {index === 0 ? ' with the role ' : ' and one with the role '}
                  <Name text={role} />
                </>
              ))}
              {fourEyes ? ', not whoever asked for the run' : ''}
            </dd>
          </div>
          <div>
            <dt>Has</dt>
            <dd>
              {approvedBy.length} of {quorum}
            </dd>
          </div>
        </dl>
        {votes.length > 0 ? (
          <ul class="votes">
            {votes.map(({ by, verdict, at, reason, isVerified, args }) => (
              <li>
                <Badge
                  tone={verdict === 'approve' ? 'good' : 'bad'}
                  text={verdict === 'approve' ? 'approved' : 'denied'}
                />{' '}
                <Name text={by} /> <Ago at={at} />
                {args === null ? null : ' with other arguments'}
                {isVerified ? null : <span class="quiet"> · unverified</span>}
                {reason ? <Theirs author="person" title="Reason" text={reason} maxLength={2_000} /> : null}
              </li>
            ))}
          </ul>
        ) : null}
      </div>
      {isOpen && mayDecide ? (
        <div data-key={`forms-${actionHash}`} data-version="0" class="stack">
          <DecisionForms approval={approval} csrf={csrf} />
        </div>
      ) : null}
      {isOpen && !mayDecide ? (
        <p class="quiet" data-key="reader">
          Your key may look, not decide.
        </p>
      ) : null}
      <p class="quiet hash" data-key="hash">
        Action <code>{actionHash.slice(0, 16)}…</code> ·{' '}
        <a href={`${paths.approval(id)}/arguments`}>canonical arguments</a>
      </p>
    </section>
  );
}

function DecisionForms({
  approval: { id, args, actionHash },
  csrf,
}: {
  approval: ApprovalView['approval'];
  csrf: string;
}) {
  const decide = `${paths.approval(id)}/decision`;
  const shown = <input type="hidden" name="actionHash" value={actionHash} />;
  return (
    <>
      <ActionForm action={decide} csrf={csrf} class="stack">
        {shown}
        <button type="submit" name="decision" value="approve" class="primary wide" data-approve>
          Approve
        </button>
        <button type="submit" name="decision" value="approve-run" class="wide">
          Approve for the rest of the run
        </button>
      </ActionForm>
      <ActionForm action={decide} csrf={csrf} class="stack">
        {shown}
        <label>
          Reason of a denial <span class="quiet">(the model is told it)</span>
          <textarea name="reason" rows={2} required maxlength={2000} data-deny />
        </label>
        <button type="submit" name="decision" value="deny" class="danger wide">
          Deny
        </button>
      </ActionForm>
      <details>
        <summary>Approve with other arguments</summary>
        <ActionForm action={`${paths.approval(id)}/edit`} csrf={csrf} class="stack">
          {shown}
          <label>
            Arguments, as JSON
            <textarea name="args" rows={10} required spellcheck={false} class="code">
              {indented(args)}
            </textarea>
          </label>
          <p class="quiet">Edited arguments are gated again, and earlier votes no longer count.</p>
          <button type="submit">Look at the edit</button>
        </ActionForm>
      </details>
    </>
  );
}

interface ConfirmProps {
  c: ConsoleContext;
  view: ApprovalView;
  canonical: string;
  actionHash: string;
}

/** The edit as a difference, before it is sent. */
function Confirm({ c, view: { approval }, canonical, actionHash }: ConfirmProps) {
  return (
    <>
      <Heading
        title={
          <>
            <span class="quiet">Other arguments for</span> <Name text={approval.tool} />
          </>
        }
      />
      <section class="card stack">
        <Patch
          title="Your edit of the arguments"
          patch={difference('arguments.json', `${indented(approval.args)}\n`, `${indented(canonical)}\n`)}
        />
        <p class="quiet">Policy judges the edited call before it runs. The audit keeps both.</p>
        <ActionForm action={`${paths.approval(approval.id)}/edit`} csrf={c.get('csrf')} class="row">
          <input type="hidden" name="actionHash" value={actionHash} />
          <input type="hidden" name="args" value={canonical} />
          <button type="submit" name="step" value="confirm" class="primary" data-approve>
            Approve with these arguments
          </button>
          <a class="button" href={paths.approval(approval.id)}>
            Back
          </a>
        </ActionForm>
      </section>
    </>
  );
}
