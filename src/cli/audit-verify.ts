import { type AuditProblem, type AuditVerdict, AuditVerifier } from '../audit/verify-export';
import { type Witness, WitnessReader } from '../audit/witness';
import { publicJwk } from '../broker/keys';
import { visibleText } from '../domain/visible-text';
import { auditKeys } from './audit-keys';
import { BadInputError } from './bad-input';
import type { CliContext, ExitCode } from './context';
import { readLines } from './export-file';
import { withStack } from './with-stack';

export interface VerifyOptions {
  live?: boolean;
  /** Compare Temporal's histories too; live only. */
  histories?: boolean;
  /** Files of public keys. */
  key: readonly string[];
  /** An earlier export that this one must continue. */
  earlier?: string;
}

/**
 * `gatehouse audit verify`: of an export, without any server, or of the running stack. Exit code 1 where something is
 * not as it was written.
 */
export async function verifyAudit(
  context: CliContext,
  file: string | undefined,
  options: VerifyOptions,
): Promise<ExitCode> {
  requireOneSource(file, options);
  const witness = options.earlier === undefined ? null : await readWitness(options.earlier);
  const verdict =
    file === undefined
      ? await verifyLive(context, options, witness)
      : await verifyFile(context, file, options, witness);
  if (context.terminal.isJson) context.terminal.printJson(verdict);
  else report(context, verdict);
  return verdict.ok ? 0 : 1;
}

function requireOneSource(
  file: string | undefined,
  { live = false, histories = false }: VerifyOptions,
): void {
  if ((file === undefined) !== live)
    throw new BadInputError('usage', 'say which export to verify, or `--live` for the running stack');
  if (histories && !live)
    throw new BadInputError(
      'usage',
      '`--histories` asks Temporal, with `--live` only; an export has them from `audit export --histories`',
    );
}

async function readWitness(file: string): Promise<Witness> {
  const reader = new WitnessReader();
  await readLines(file, (line) => reader.take(line));
  const witness = reader.end();
  if (!witness) throw new BadInputError('export-unreadable', `\`${file}\` is no export of an audit`);
  return witness;
}

async function verifyFile(
  context: CliContext,
  file: string,
  { key }: VerifyOptions,
  witness: Witness | null,
): Promise<AuditVerdict> {
  // What the export says of itself proves nothing against who rewrote it whole; a key from elsewhere does.
  const pinned = key.length > 0 ? auditKeys(context, key) : null;
  if (!pinned)
    context.terminal.note(
      'anchors are checked with the keys that the export names; `--key audit.public.jwk` checks with yours',
    );
  const verifier = new AuditVerifier(pinned, witness);
  const isWhole = await readLines(file, (line) => verifier.take(line));
  return verifier.end(isWhole);
}

function verifyLive(
  context: CliContext,
  { key, histories }: VerifyOptions,
  witness: Witness | null,
): Promise<AuditVerdict> {
  const keys = auditKeys(context, key);
  if (keys.length === 0)
    throw new BadInputError(
      'key-missing',
      'the key of the audit is not in the data folder: name its file with `--key audit.public.jwk`',
    );
  let verdict: AuditVerdict;
  return withStack(context, async (commands) => {
    const verifier = new AuditVerifier(keys, witness);
    await commands.exportAudit({ keys: keys.map(publicJwk), hasHistories: histories }, async (text) =>
      verifier.take(text.slice(0, -1)),
    );
    verdict = verifier.end();
    return 0;
  }).then(() => verdict);
}

function report({ terminal }: CliContext, verdict: AuditVerdict): void {
  const { colours } = terminal;
  const { problems, problemCount, runs, records, organizationRecords, anchors, histories } = verdict;
  for (const problem of problems) terminal.print(`${colours.red('wrong')}  ${problemLine(problem)}`);
  if (problemCount > problems.length) terminal.print(`and ${problemCount - problems.length} more`);
  const compared =
    histories.compared + histories.gone === 0
      ? ''
      : `; Temporal's history compared for ${counted(histories.compared, 'run')}${histories.gone > 0 ? `, gone for ${histories.gone}` : ''}`;
  terminal.print(
    `${counted(runs, 'run')} with ${counted(records, 'record')}, ${counted(organizationRecords, 'record')} of the organization, ${counted(anchors, 'anchor')}${compared}`,
  );
  terminal.print(
    verdict.ok
      ? colours.green('everything is as it was written')
      : colours.red(`${counted(problemCount, 'thing')} not as written`),
  );
}

function problemLine({ run, sequence, problem }: AuditProblem): string {
  const record = sequence === null ? '' : `, record ${sequence}`;
  const of =
    run === null ? (sequence === null ? 'export' : 'organization') : `run \`${visibleText(run, 80)}\``;
  return `${of}${record}: ${visibleText(problem, 400)}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
