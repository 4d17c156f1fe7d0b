import { Hono } from 'hono';
import type { AuditPage as Found, FoundRecord } from '../../store/audit-search';
import type { ConsoleEnvironment } from '../environment';
import { frameOf, query } from '../page';
import { Heading, Layout } from '../parts/layout';
import { Name, Theirs } from '../parts/theirs';
import { Time } from '../parts/times';
import { paths } from '../paths';

interface Asked {
  text: string;
  kind: string;
  run: string;
}

/** What was recorded, of the organization and its runs. */
export const createAuditPage = () =>
  new Hono<ConsoleEnvironment>().get('/', async (c) => {
    const frame = await frameOf(c, 'audit', 'Audit');
    const asked: Asked = { text: query(c, 'text'), kind: query(c, 'kind'), run: query(c, 'run') };
    const found = await c.get('commands').searchAudit({
      text: asked.text || undefined,
      kind: asked.kind || undefined,
      runId: asked.run || undefined,
      cursor: query(c, 'after') || null,
    });
    return c.html(
      <Layout frame={frame}>
        <Heading title="Audit">
          <p class="quiet">
            Append-only and chained; <code>gatehouse audit verify</code> proves it.
          </p>
        </Heading>
        <Search asked={asked} />
        <Records found={found} asked={asked} />
      </Layout>,
    );
  });

function Search({ asked: { text, kind, run } }: { asked: Asked }) {
  return (
    <form method="get" action={paths.audit} class="row filters">
      <label class="grow">
        <span class="unseen">Text</span>
        <input name="text" value={text} placeholder="A person, a tool, any text" />
      </label>
      <label>
        <span class="unseen">Kind</span>
        <input name="kind" value={kind} placeholder="Kind" size={14} />
      </label>
      <label>
        <span class="unseen">Run</span>
        <input name="run" value={run} placeholder="Run" size={14} />
      </label>
      <button type="submit">Search</button>
      {text || kind || run ? <a href={paths.audit}>Clear</a> : null}
    </form>
  );
}

function Records({ found: { records, next }, asked }: { found: Found; asked: Asked }) {
  if (records.length === 0)
    return (
      <div class="empty">
        <p class="empty-title">Nothing found</p>
      </div>
    );
  return (
    <>
      <ul class="list">
        {records.map((record) => (
          <Record record={record} />
        ))}
      </ul>
      {next ? (
        <p class="row">
          <a
            class="button"
            rel="next"
            href={`${paths.audit}?${new URLSearchParams({ ...asked, after: next })}`}
          >
            Older records
          </a>
        </p>
      ) : null}
    </>
  );
}

function Record({ record: { runId, sequence, kind, body, at, hash } }: { record: FoundRecord }) {
  return (
    <li class="card item" data-item>
      <details class="record">
        <summary>
          <strong>
            <Name text={kind} />
          </strong>
          <span class="quiet">
            {runId ? (
              <>
                run <Name text={runId} maxLength={16} />
              </>
            ) : (
              'organization'
            )}{' '}
            #{sequence}
          </span>
          <span class="end quiet">
            <Time at={at} />
          </span>
        </summary>
        {runId ? (
          <p>
            <a href={paths.run(runId)}>Open the run</a>
          </p>
        ) : null}
        <Theirs author="tool" title="Record" text={JSON.stringify(body, null, 2)} />
        <p class="quiet hash">
          <code>{hash}</code>
        </p>
      </details>
    </li>
  );
}
