import { Hono } from 'hono';
import { actedOn } from '../../commands/acted-on';
import { GatehouseError } from '../../domain/errors';
import { wordsOf } from '../approval-words';
import { readEdited } from '../arguments';
import type { ConsoleDependencies } from '../dependencies';
import type { ConsoleEnvironment } from '../environment';
import { frameOf, isPartial, mayDo, requireScope } from '../page';
import { EffectBadges } from '../parts/badges';
import { Heading, Layout } from '../parts/layout';
import { Name } from '../parts/theirs';
import { BASE, paths } from '../paths';
import { Asked, Content, Held, History } from './approval-content';
import { Confirm } from './approval-forms';
import { State } from './approval-state';

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
      const words = wordsOf(approval);
      return c.html(
        <Layout
          frame={await frameOf(c, 'inbox', `Approval of ${approval.tool}`)}
          live={`${BASE}/live?approval=${encodeURIComponent(approval.id)}`}
        >
          <Heading
            title={
              <>
                <span class="quiet">{words.title}</span> <Name text={approval.tool} />
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
              <Content about={about} args={approval.args} words={words} />
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
    .post('/:id/revoke', async (c) => {
      requireScope(c.get('caller'), 'approvals:decide');
      const asked = { approvalId: c.req.param('id'), by: c.get('caller').person };
      const { runId } = await c.get('commands').revokeApproval(asked);
      return c.redirect(c.get('form').text('on') === 'run' ? paths.run(runId) : paths.standing, 303);
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
