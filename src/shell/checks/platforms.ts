import { judgeHost } from '../hosts';
import type { Check, Invocation } from '../invocation';
import { addPath, judgeContextName } from '../operands';
import { addReason, type PartDraft, raise, shown, textOf, unresolved } from '../part-draft';
import { judgeSql, STANDARD_SQL } from '../sql-text';
import { destroyingWord } from '../unknown-program';
import { literalWord, type Word } from '../word';

/** Checks that the tables of forges, clouds and platforms share. */
export const platformChecks: Record<string, Check> = {
  /** The operands or values of flags name a context, workspace or account that later commands act in. */
  'protected-operand'({ command, operands, flags }, draft, context) {
    for (const word of [...operands, ...flags.flatMap(({ value }) => value ?? [])])
      judgeContextName(word, draft, command, context);
  },
  /** Text that another program gets to run, which is not looked into. */
  'hands-over-command'({ command }, draft) {
    raise(draft, 'sandbox', `\`${shown(command)}\` has another program run`);
    draft.findings.push({
      verdict: 'ask',
      layer: 'commands',
      rule: 'hands-over-command',
      message: `\`${shown(command)}\` hands over a command or code that is not looked into`,
    });
  },
  /** A subcommand that no table knows, judged by the destroying verbs. */
  'destroying-words'({ command }, draft) {
    const word = destroyingWord(command.program, command.args);
    if (word !== null)
      addReason(
        draft,
        'destructive',
        `\`${shown(command)}\` has \`${word}\`, which destroys in most programs`,
      );
  },
  'opens-pull-request'({ command, flags }, draft) {
    draft.approvalFlags = ['prCreation'];
    if (flags.some(({ names }) => names.some((name) => name === '-R' || name === '--repo')))
      draft.findings.push({
        verdict: 'ask',
        layer: 'commands',
        rule: 'pull-request-elsewhere',
        message: `\`${shown(command)}\` opens a pull request in a repository that it names itself`,
      });
  },
  /** `gh api`, `glab api`: a method that is given, else POST with fields and GET without. */
  'forge-api'(invocation, draft, context) {
    const { command, operands, flags } = invocation;
    const values = valuesOf(invocation);
    const [endpoint] = operands;
    const fields = values('-f', '--raw-field', '-F', '--field');
    const hasBody = fields.length > 0 || flags.some(({ names }) => names.includes('--input'));
    for (const host of values('--hostname')) judgeHost(host, draft, command, context);
    if (endpoint?.kind === 'literal' && /^https?:\/\//i.test(endpoint.value))
      judgeHost(endpoint, draft, command, context);
    const isGraph = endpoint?.kind === 'literal' && /^\/?(?:api\/)?graphql$/.test(endpoint.value);
    if (isGraph) {
      judgeGraph(fields, invocation, draft);
      return;
    }
    judgeMethod(values('-X', '--method').at(-1) ?? null, hasBody, invocation, draft);
    // Without a body an endpoint only chooses what is read.
    if (endpoint?.kind === 'unresolved' && endpoint.maySplit)
      draft.findings.push(unresolved(command, endpoint, 'may hold further flags'));
  },
  /** `az rest`. */
  'http-method'(invocation, draft, context) {
    const values = valuesOf(invocation);
    for (const url of values('-u', '--url', '--uri'))
      if (
        url.kind === 'unresolved'
          ? url.prefix === ''
          : /^https?:\/\/(?!management\.azure\.com\/|graph\.microsoft\.com\/)/i.test(url.value)
      )
        judgeHost(url, draft, invocation.command, context);
    judgeMethod(values('-m', '--method').at(-1) ?? null, false, invocation, draft);
  },
  /** Another endpoint than the configured cloud, and files that arguments name (`file://`). */
  'cloud-endpoint'(invocation, draft, context) {
    const { command, flags, operands } = invocation;
    for (const host of valuesOf(invocation)('--endpoint-url', '--api-url', '--server', '--address', '--url'))
      judgeHost(host, draft, command, context);
    for (const [name, value] of command.assignments)
      if (/^AWS_ENDPOINT_URL|^CLOUDSDK_API_ENDPOINT_OVERRIDES_/.test(name))
        judgeHost(
          value === null
            ? { kind: 'unresolved', source: `$${name}`, prefix: '', maySplit: false }
            : literalWord(value),
          draft,
          command,
          context,
        );
    for (const word of [...operands, ...flags.flatMap(({ value }) => value ?? [])])
      if (word.kind === 'literal' && /^fileb?:\/\//i.test(word.value))
        addPath({ ...word, value: word.value.replace(/^fileb?:\/\//i, '') }, 'read', draft, command, context);
  },
  /** Copies between a bucket and files: whatever ends in a bucket changes it. */
  'object-copy'({ command, operands }, draft, context) {
    const target = operands.at(-1);
    if (!target) return;
    if (isRemote(target)) raise(draft, 'production', `\`${shown(command)}\` writes to \`${textOf(target)}\``);
    else if (target.kind === 'unresolved' && !/^[/.~]/.test(target.prefix)) {
      raise(draft, 'production', `\`${shown(command)}\` may write to a bucket`);
      draft.findings.push(unresolved(command, target, 'is where it copies to'));
    } else addPath(target, 'write', draft, command, context);
    for (const source of operands.slice(0, -1))
      if (!isRemote(source)) addPath(source, 'read', draft, command, context);
  },
  /** SQL as an operand or on the standard input: reading it is `read`, everything else stays what the row says. */
  'sql-read-only'({ command, operands, doubts }, draft) {
    const texts = operands.map((word) => (word.kind === 'literal' ? word.value : null));
    if (texts.length === 0) texts.push(command.stdin.kind === 'text' ? command.stdin.text : null);
    if (texts.includes(null)) {
      const word = operands.find((each) => each.kind === 'unresolved');
      if (word) draft.findings.push(unresolved(command, word, 'is run by a database'));
      return;
    }
    const statements = texts.flatMap((text) => judgeSql(text ?? '', STANDARD_SQL));
    for (const { destroys } of statements)
      if (destroys !== null) addReason(draft, 'destructive', `\`${shown(command)}\` ${destroys}`);
    if (
      doubts.length === 0 &&
      statements.length > 0 &&
      statements.every(({ kind, escapes }) => kind === 'read' && !escapes)
    ) {
      draft.effect = 'read';
      draft.why = `\`${shown(command)}\` only queries`;
    }
  },
};

function judgeMethod(method: Word | null, hasBody: boolean, { command }: Invocation, draft: PartDraft): void {
  if (method?.kind === 'unresolved') {
    raise(draft, 'production', `\`${shown(command)}\` may change a remote system`);
    draft.findings.push(unresolved(command, method, 'is the method of the request'));
    return;
  }
  const name = method?.value.toUpperCase() ?? (hasBody ? 'POST' : 'GET');
  if (name === 'GET' || name === 'HEAD' || name === 'OPTIONS') return;
  raise(draft, 'production', `\`${shown(command)}\` sends a ${name} request`);
  if (name === 'DELETE') addReason(draft, 'destructive', `\`${shown(command)}\` sends a DELETE request`);
}

/** A query of GraphQL reads, a mutation changes; a text that is not known changes. */
function judgeGraph(fields: readonly Word[], { command }: Invocation, draft: PartDraft): void {
  const queries = fields.flatMap((word) =>
    word.kind === 'literal' && word.value.startsWith('query=') ? [word.value.slice('query='.length)] : [],
  );
  const known =
    queries.length > 0 && fields.every((word) => word.kind === 'literal' || !word.prefix.startsWith('query'));
  const reads =
    known && queries.every((query) => /^\s*(?:query\b|\{)/.test(query) && !/\bmutation\b/.test(query));
  if (!reads) raise(draft, 'production', `\`${shown(command)}\` may change what the forge holds`);
}

function isRemote(word: Word): boolean {
  return /^(?:s3|gs|oss|r2|https?):\/\//i.test(word.kind === 'literal' ? word.value : word.prefix);
}

function valuesOf({ flags }: Invocation): (...names: string[]) => Word[] {
  return (...wanted) =>
    flags.flatMap(({ names, value }) =>
      value && names.some((name) => wanted.includes(name)) ? [value] : [],
    );
}
