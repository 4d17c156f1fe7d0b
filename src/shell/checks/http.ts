import { hostKind, judgeHost } from '../hosts';
import type { Check, Invocation } from '../invocation';
import { destroyingVerbs } from '../load-tables';
import { addPath } from '../operands';
import { addReason, type PartDraft, raise, shown, unresolved } from '../part-draft';
import type { CommandContext } from '../simple-command';
import { literalWord, type Word } from '../word';

/** What a client of HTTP is about to send. */
interface Request {
  urls: Word[];
  /** Null when it follows from whether there is a body. */
  method: Word | null;
  bodies: Word[];
  hasBody: boolean;
}

/** Checks for clients of HTTP. */
export const httpChecks: Record<string, Check> = {
  curl(invocation, draft, context) {
    const values = valuesIn(invocation);
    const bodies = values(
      '-d',
      '--data',
      '--data-ascii',
      '--data-binary',
      '--data-raw',
      '--data-urlencode',
      '--json',
    );
    const forms = values('-F', '--form', '--form-string');
    const uploads = values('-T', '--upload-file');
    const isGet = has(invocation, '-G', '--get');
    for (const word of bodies) readAttached(word, /^(?:[^=]*)@/, invocation, draft, context);
    for (const word of forms) readAttached(word, /^[^=]*=[@<]/, invocation, draft, context);
    for (const word of values('-H', '--header', '-w', '--write-out'))
      readAttached(word, /^@/, invocation, draft, context);
    if (values('-w', '--write-out').some((word) => /%output\{/.test(textFrom(word))))
      raise(draft, 'sandbox', `\`${shown(invocation.command)}\` writes a file`);
    for (const word of uploads) addPath(word, 'read', draft, invocation.command, context);
    const given = overridden(values('-H', '--header')) ?? values('-X', '--request').at(-1) ?? null;
    const method: Word | null =
      given ?? (has(invocation, '-I', '--head') || isGet ? literalWord('GET') : null);
    // What reads a file of settings may do anything the settings say.
    if (values('-K', '--config').length > 0) askFor(invocation, draft, 'takes its options from a file');
    judgeRequest(
      {
        urls: [...invocation.operands, ...values('--url')],
        method: method ?? (uploads.length > 0 ? literalWord('PUT') : null),
        bodies: [...bodies, ...forms],
        hasBody: (bodies.length > 0 && !isGet) || forms.length > 0 || uploads.length > 0,
      },
      invocation,
      draft,
      context,
    );
    for (const word of values(
      '-x',
      '--proxy',
      '--preproxy',
      '--socks4',
      '--socks4a',
      '--socks5',
      '--socks5-hostname',
      '--doh-url',
    ))
      judgeHost(word, draft, invocation.command, context);
    for (const word of values('--connect-to', '--resolve')) {
      if (word.kind === 'unresolved')
        draft.findings.push(unresolved(invocation.command, word, 'names the host it reaches'));
      else {
        const target = word.value.split(':').slice(2).join(':');
        judgeHost(literalWord(target || word.value), draft, invocation.command, context);
      }
    }
  },
  wget(invocation, draft, context) {
    const values = valuesIn(invocation);
    const bodies = values('--post-data', '--body-data');
    const files = values('--post-file', '--body-file');
    for (const word of files) addPath(word, 'read', draft, invocation.command, context);
    judgeRequest(
      {
        urls: invocation.operands,
        method: values('--method').at(-1) ?? null,
        bodies,
        hasBody: bodies.length + files.length > 0,
      },
      invocation,
      draft,
      context,
    );
    if (values('-e', '--execute', '--config', '--use-askpass').length > 0)
      askFor(invocation, draft, 'takes its options from elsewhere');
    if (values('-i', '--input-file').length > 0) askFor(invocation, draft, 'takes its addresses from a file');
  },
  httpie(invocation, draft, context) {
    const [first, ...rest] = invocation.operands;
    if (first === undefined) return;
    const hasMethod = first.kind === 'literal' && /^[A-Z]+$/.test(first.value);
    const url = hasMethod ? rest.shift() : first;
    const items = rest;
    for (const word of items) readAttached(word, /^[^@]*@/, invocation, draft, context);
    const bodies = [...items.filter((word) => word.kind === 'unresolved' || /[=@]/.test(word.value))];
    judgeRequest(
      {
        urls: url ? [url] : [],
        method: hasMethod ? first : null,
        bodies,
        hasBody: bodies.some(
          (word) => word.kind === 'unresolved' || !/^[\w-]+==|^[\w-]+:[^=]/.test(word.value),
        ),
      },
      invocation,
      draft,
      context,
    );
  },
};

function judgeRequest(
  request: Request,
  invocation: Invocation,
  draft: PartDraft,
  context: CommandContext,
): void {
  const { command } = invocation;
  const kinds = request.urls.map((word) => {
    if (word.kind === 'literal' && /^file:/i.test(word.value)) {
      addPath(
        { ...word, value: word.value.replace(/^file:(?:\/\/[^/]*)?/i, '') },
        'read',
        draft,
        command,
        context,
      );
      return 'loopback' as const;
    }
    judgeHost(word, draft, command, context);
    if (/^(?!(?:https?|ftps?|sftp|scp|wss?):)[a-z][a-z0-9+.-]*:\/\//i.test(textFrom(word))) {
      raise(draft, 'sandbox', `\`${shown(command)}\` opens a raw connection`);
      askFor(invocation, draft, 'opens a raw connection, and what it sends cannot be judged');
    }
    return hostKind(word, context.settings.network);
  });
  const isLocal = kinds.length > 0 && kinds.every((kind) => kind === 'loopback');
  if (request.method?.kind === 'unresolved') {
    raise(
      draft,
      isLocal ? 'sandbox' : 'production',
      `\`${shown(command)}\` sends a request of an unknown method`,
    );
    draft.findings.push(unresolved(command, request.method, 'names the method of its request'));
    return;
  }
  const method = (request.method?.value ?? (request.hasBody ? 'POST' : 'GET')).toUpperCase();
  const url = request.urls.map((word) => (word.kind === 'literal' ? word.value : word.source)).join(' ');
  if (READING.has(method) && !request.hasBody) {
    if (destroyingPath(url))
      addReason(draft, 'destructive', `\`${shown(command)}\` calls an address that destroys`);
    return;
  }
  // A search sends its question as a body.
  const isSearch = (READING.has(method) || method === 'POST') && SEARCH.test(pathOf(url));
  if (!isSearch)
    raise(
      draft,
      isLocal ? 'sandbox' : 'production',
      `\`${shown(command)}\` sends ${method} to ${isLocal ? 'this machine' : 'another machine'}`,
    );
  if (method === 'DELETE') addReason(draft, 'destructive', `\`${shown(command)}\` sends DELETE`);
  else if (destroyingPath(url))
    addReason(draft, 'destructive', `\`${shown(command)}\` calls an address that destroys`);
  else if (!isSearch && request.bodies.some(bodyDestroys))
    addReason(draft, 'destructive', `\`${shown(command)}\` sends a body that destroys`);
}

const READING = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH']);

const SEARCH =
  /\/(?:_search|_msearch|_count|_mget|_validate\/query|_analyze|_explain|_sql|_eql\/search|_field_caps|_search\/template|_render\/template|_termvectors|search|multi-search|query|queries|facets\/[^/]+\/query|graphql-query|facet-search)\/?$/;

function pathOf(url: string): string {
  return url.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/[?#].*$/s, '');
}

/** A path such as `_delete_by_query` or `/queues/x/purge`, or a query such as `?action=delete`. */
function destroyingPath(url: string): boolean {
  const { verbs } = destroyingVerbs();
  const parts = url
    .replace(/^[a-z]+:\/\/[^/]*/i, '')
    .split(/[/?&=;]+/)
    .filter((part) => /^[A-Za-z_-]+$/.test(part));
  return parts.some((part) =>
    part
      .replace(/([a-z])([A-Z])/g, '$1-$2')
      .toLowerCase()
      .split(/[-_]+/)
      .filter((word) => word !== '')
      .some((word, _, all) => (verbs.includes(word) || word === 'doDelete') && all.length <= 4),
  );
}

/** A body whose keys or methods destroy: `{"actions":[{"remove_index":…}]}`, `{"delete":{…}}`, `mutation { deleteX }`. */
function bodyDestroys(word: Word): boolean {
  if (word.kind === 'unresolved') return false;
  const { verbs } = destroyingVerbs();
  return [
    ...word.value.matchAll(
      /["']?([A-Za-z_][\w-]*)["']?\s*[:({=]|(?:action|method|op|command|operation)["']?\s*[:=]\s*["']?([\w-]+)/g,
    ),
  ].some(([, key, value]) =>
    [key, value].some((name) =>
      (name ?? '')
        .replace(/([a-z])([A-Z])/g, '$1-$2')
        .toLowerCase()
        .split(/[-_]+/)
        .some((part) => verbs.includes(part)),
    ),
  );
}

function readAttached(
  word: Word,
  marker: RegExp,
  { command }: Invocation,
  draft: PartDraft,
  context: CommandContext,
): void {
  const text = word.kind === 'literal' ? word.value : word.prefix;
  const found = marker.exec(text)?.[0];
  if (found === undefined) return;
  const rest = text.slice(found.length).split(';', 1)[0] ?? '';
  addPath(
    word.kind === 'literal' ? { ...word, value: rest } : { ...word, prefix: rest },
    'read',
    draft,
    command,
    context,
  );
  if (word.kind === 'unresolved')
    draft.findings.push(unresolved(command, word, 'names a file that it sends'));
}

function textFrom(word: Word): string {
  return word.kind === 'literal' ? word.value : word.prefix;
}

/** The method that a header asks the server to take instead of the request's own. */
function overridden(headers: readonly Word[]): Word | null {
  for (const header of headers) {
    const method = /^x-(?:http-)?method(?:-override)?\s*:\s*([A-Za-z]+)/i.exec(textFrom(header))?.[1];
    if (method !== undefined) return literalWord(method);
  }
  return null;
}

function askFor({ command }: Invocation, draft: PartDraft, what: string): void {
  draft.findings.push({
    verdict: 'ask',
    layer: 'commands',
    rule: 'unresolved',
    message: `\`${shown(command)}\` ${what}`,
  });
}

function valuesIn({ flags }: Invocation): (...names: string[]) => Word[] {
  return (...names) =>
    flags.flatMap(({ names: given, value }) =>
      value !== null && given.some((name) => names.includes(name)) ? [value] : [],
    );
}

function has({ flags }: Invocation, ...names: string[]): boolean {
  return flags.some(({ names: given }) => given.some((name) => names.includes(name)));
}
