import { once } from 'node:events';
import { publicJwk } from '../broker/keys';
import { GatehouseError } from '../domain/errors';
import { visibleText } from '../domain/visible-text';
import type { FoundRecord } from '../store/audit-search';
import { auditKeys } from './audit-keys';
import type { CliContext, ExitCode } from './context';
import { table } from './table';
import { withStack } from './with-stack';
import { dateAndTime } from './words';

export interface AuditListOptions {
  run?: string;
  kind?: string;
  person?: string;
  since?: number;
  until?: number;
  limit: number;
}

/** `gatehouse audit list`: records of the organization and its runs, newest first. */
export async function listAudit(
  context: CliContext,
  { run: runId, ...query }: AuditListOptions,
): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const page = await commands.searchAudit({ ...query, runId });
    if (terminal.isJson) terminal.printJson(page);
    else if (page.records.length === 0) terminal.note('no record is like that');
    else {
      terminal.print(
        table(
          page.records,
          [
            { title: 'TIME', text: ({ at }) => dateAndTime(at) },
            { title: 'RUN', text: ({ runId: run }) => visibleText(run ?? '', 40) },
            { title: 'RECORD', text: ({ sequence }) => String(sequence) },
            { title: 'KIND', text: ({ kind }) => visibleText(kind, 30) },
            { title: 'WHAT', text: bodyLine, maxWidth: 100 },
          ],
          terminal.colours,
        ),
      );
      if (page.next) terminal.note('there are more; `--limit` or `--until` shows them');
    }
    return 0;
  });
}

/** `gatehouse audit show`: every record of one run, oldest first, whole. */
export async function showAudit(context: CliContext, runId: string): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const records: FoundRecord[] = [];
    let cursor: string | null = null;
    do {
      const page = await commands.searchAudit({ runId, limit: 200, cursor });
      records.push(...page.records);
      cursor = page.next;
    } while (cursor !== null);
    // Every run has a record of its begin.
    if (records.length === 0)
      throw new GatehouseError('run-unknown', `nothing is recorded of run \`${visibleText(runId, 80)}\``);
    records.reverse();
    if (terminal.isJson) terminal.printJson(records);
    else
      for (const record of records) {
        const { sequence, at, kind, hash } = record;
        const { colours } = terminal;
        terminal.print(
          `${sequence}  ${dateAndTime(at)}  ${colours.bold(visibleText(kind, 30))}  ${colours.dim(hash)}`,
        );
        terminal.print(`   ${visibleText(JSON.stringify(record.body), 4_000)}`);
      }
    return 0;
  });
}

/** `gatehouse audit grants`: calls that were granted, and of which nobody said what became of them. */
export async function listOpenGrants(context: CliContext, { run }: { run?: string }): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const grants = await commands.listOpenGrants(run);
    if (terminal.isJson) terminal.printJson(grants);
    else if (grants.length === 0) terminal.note('every granted call has its outcome');
    else
      terminal.print(
        table(
          grants,
          [
            { title: 'GRANTED', text: ({ grantedAt }) => dateAndTime(grantedAt) },
            { title: 'RUN', text: ({ runId }) => visibleText(runId, 40) },
            { title: 'CALL', text: ({ callId }) => visibleText(callId, 20) },
            { title: 'TOOL', text: ({ tool }) => visibleText(tool, 40) },
            {
              title: 'RUN IS',
              text: ({ hasRunEnded }) => (hasRunEnded ? 'over' : 'open'),
            },
          ],
          terminal.colours,
        ),
      );
    return 0;
  });
}

export interface AuditExportOptions {
  run?: string;
  since?: number;
  histories?: boolean;
  key: readonly string[];
}

/** `gatehouse audit export`: JSON lines on stdout, as they are read. */
export async function exportAudit(
  context: CliContext,
  { run: runId, since, histories, key }: AuditExportOptions,
): Promise<ExitCode> {
  const keys = auditKeys(context, key);
  if (keys.length === 0)
    context.terminal.warn('no key of the audit is known here, so the export names none; see `--key`');
  return withStack(context, async (commands) => {
    const { runs, records, organizationRecords } = await commands.exportAudit(
      { runId, since, keys: keys.map(publicJwk), hasHistories: histories },
      async (text) => {
        if (!process.stdout.write(text)) await once(process.stdout, 'drain');
      },
    );
    context.terminal.note(
      `${runs} runs with ${records} records, and ${organizationRecords} records of the organization`,
    );
    return 0;
  });
}

/** Who and what first; hashes and signatures are for `audit show`. */
function bodyLine({ body }: FoundRecord): string {
  if (typeof body !== 'object' || body === null) return visibleText(JSON.stringify(body), 100);
  const words = Object.entries(body)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .filter(([, value]) => !/^[\w-]{40,}$/.test(String(value)))
    .map(([name, value]) => `${name} ${value}`);
  const { heads } = body as { heads?: unknown[] };
  if (Array.isArray(heads)) words.push(`${heads.length} ${heads.length === 1 ? 'run' : 'runs'}`);
  return visibleText(words.join(', '), 100);
}
