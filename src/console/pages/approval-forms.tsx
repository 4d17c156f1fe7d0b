import { difference } from '../../commands/acted-on';
import type { ApprovalView } from '../../commands/review-approval';
import { isTopUp } from '../../domain/top-up';
import { refusalToStand } from '../../policy/action';
import { wordsOf } from '../approval-words';
import { indented } from '../arguments';
import type { ConsoleContext } from '../environment';
import { Patch } from '../parts/diff';
import { ActionForm } from '../parts/form';
import { Heading } from '../parts/layout';
import { Name } from '../parts/theirs';
import { paths } from '../paths';

/** Approve, deny, approve with other arguments: each for the action as it is shown. */
export function DecisionForms({ approval, csrf }: { approval: ApprovalView['approval']; csrf: string }) {
  const { id, args, actionHash } = approval;
  const words = wordsOf(approval);
  const mayStand = !isTopUp(approval) && refusalToStand(approval) === null;
  const decide = `${paths.approval(id)}/decision`;
  const shown = <input type="hidden" name="actionHash" value={actionHash} />;
  return (
    <>
      <ActionForm action={decide} csrf={csrf} class="stack">
        {shown}
        <button type="submit" name="decision" value="approve" class="primary wide" data-approve>
          {words.approve}
        </button>
        {mayStand ? (
          <button type="submit" name="decision" value="approve-run" class="wide">
            Approve for the rest of the run
          </button>
        ) : null}
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
        <summary>{words.edit}</summary>
        <ActionForm action={`${paths.approval(id)}/edit`} csrf={csrf} class="stack">
          {shown}
          <label>
            Arguments, as JSON
            <textarea name="args" rows={10} required spellcheck={false} class="code">
              {indented(args)}
            </textarea>
          </label>
          <p class="quiet">{words.edited}</p>
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
export function Confirm({ c, view: { approval }, canonical, actionHash }: ConfirmProps) {
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
            {wordsOf(approval).confirm}
          </button>
          <a class="button" href={paths.approval(approval.id)}>
            Back
          </a>
        </ActionForm>
      </section>
    </>
  );
}
