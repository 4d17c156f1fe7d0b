import type { ActedOn } from '../../commands/acted-on';
import type { ApprovalView } from '../../commands/review-approval';
import type { ApprovalWords } from '../approval-words';
import { Arguments } from '../parts/arguments';
import { Patch, Plan } from '../parts/diff';
import { Name, Theirs } from '../parts/theirs';
import { Reasons, Timeline } from '../parts/timeline';
import { Time } from '../parts/times';
import { paths } from '../paths';

/** Most characters of one argument: what tools take at most is shown whole. */
const MAX_ARGUMENT = 1_000_000;

/** The rules that asked. */
export function Held({ view: { approval } }: { view: ApprovalView }) {
  return (
    <section class="card" aria-labelledby="why">
      <h2 id="why">Why it was held</h2>
      <Reasons reasons={approval.findings} />
    </section>
  );
}

/** The run, and what it is for. */
export function Asked({ view: { approval, run } }: { view: ApprovalView }) {
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

/** The arguments, and what they act on. */
export function Content({
  about,
  args,
  words,
}: {
  about: ActedOn | null;
  args: string;
  words: ApprovalWords;
}) {
  return (
    <section class="card" aria-labelledby="what">
      <h2 id="what">{words.content}</h2>
      <Arguments args={args} title={words.arguments} maxLength={MAX_ARGUMENT} />
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

/** What led to it. */
export function History({ view: { history } }: { view: ApprovalView }) {
  return (
    <section class="card" aria-labelledby="history">
      <h2 id="history">What led here</h2>
      <Timeline events={history} />
    </section>
  );
}
