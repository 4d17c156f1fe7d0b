import { hostOf, isLoopback, judgeHost } from '../hosts';
import type { Check } from '../invocation';
import { addPath } from '../operands';
import { addReason, raise, shown } from '../part-draft';
import { literalWord, type Word } from '../word';

/** Checks for programs that copy between machines, where each operand is a path here or there. */
export const remoteChecks: Record<string, Check> = {
  // `host:path`, `rsync://host/path`: the last operand is written, the others are read.
  'copy-between-hosts'(invocation, draft, context) {
    const { command, operands, flags } = invocation;
    for (const { names, value } of flags)
      if (
        value !== null &&
        command.program === 'rsync' &&
        names.some((name) => name === '-e' || name === '--rsh')
      )
        if (value.kind === 'unresolved' || !PLAIN_SSH.test(value.value))
          draft.findings.push({
            verdict: 'ask',
            layer: 'commands',
            rule: 'runs-program',
            message: `\`${shown(command)}\` reaches the other machine by a program of its own`,
          });
    for (const [index, word] of operands.entries()) {
      const isTarget = index === operands.length - 1 && operands.length > 1;
      const text = word.kind === 'literal' ? word.value : word.prefix;
      if (REMOTE.test(text)) {
        const kind = judgeHost(remoteHost(word), draft, command, context);
        // Not `production`: copying files to a machine of one's own is everyday work, and a person sees each.
        if (isTarget && kind !== 'loopback')
          draft.findings.push({
            verdict: 'ask',
            layer: 'commands',
            rule: 'writes-elsewhere',
            message: `\`${shown(command)}\` writes files of another machine`,
          });
      } else addPath(word, isTarget ? 'write' : 'read', draft, command, context);
    }
  },

  // A server that is not told to stay on this machine answers everybody.
  listens({ command, flags }, draft) {
    const addresses = flags.flatMap(({ names, value }) =>
      value !== null && names.some((name) => LISTENING.includes(name)) ? [value] : [],
    );
    const isLocal = (word: Word) => {
      const host = word.kind === 'literal' ? hostOf(word) : null;
      return host !== null && host !== '0.0.0.0' && isLoopback(host);
    };
    if (addresses.length === 0 || !addresses.every(isLocal))
      addReason(draft, 'network', `\`${shown(command)}\` listens for connections from elsewhere`);
  },

  // Bytes of no known protocol: whether they ask or change something cannot be told.
  'raw-connection'({ command }, draft) {
    draft.findings.push({
      verdict: 'ask',
      layer: 'commands',
      rule: 'raw-connection',
      message: `\`${shown(command)}\` opens a raw connection, and what it sends cannot be judged`,
    });
  },

  // `remote:path` of rclone, mc and the like names a configured store, and a plain path this machine.
  'copy-between-stores'(invocation, draft, context) {
    const { command, operands } = invocation;
    for (const [index, word] of operands.entries()) {
      const isTarget = index === operands.length - 1 && operands.length > 1;
      if (isStore(word)) {
        if (isTarget) raise(draft, 'production', `\`${shown(command)}\` writes to a remote store`);
      } else addPath(word, isTarget ? 'write' : 'read', draft, command, context);
    }
  },

  // What changes or deletes in a store changes a remote system; on this machine, files.
  'changes-store'(invocation, draft, context) {
    const { command, operands } = invocation;
    for (const word of operands)
      if (isStore(word)) raise(draft, 'production', `\`${shown(command)}\` changes a remote store`);
      else addPath(word, 'write', draft, command, context);
  },

  // What is more than a read is done to the machine that `DOCKER_HOST` names.
  'other-engine'({ command }, draft) {
    for (const name of ['DOCKER_HOST', 'CONTAINER_HOST']) {
      const value = command.assignments.get(name);
      if (
        value === undefined ||
        (value !== null && (/^(?:|unix:.*|npipe:.*)$/.test(value) || isLocalHost(value)))
      )
        continue;
      if (draft.effect !== 'read')
        raise(draft, 'production', `\`${shown(command)}\` changes another machine`);
    }
  },

  // `-v HOST:CONTAINER`: what a container is given of this machine, it may write.
  'container-mounts'({ command, flags }, draft, context) {
    for (const { names, value } of flags) {
      if (value === null || !names.some((name) => /^(?:-v|--volume|--mount)$/.test(name))) continue;
      const text = value.kind === 'literal' ? value.value : value.prefix;
      const source = /(?:^|,)(?:source|src)=([^,]*)/.exec(text)?.[1] ?? text.split(':', 1)[0] ?? '';
      if (!/^[/.~]/.test(source)) continue;
      if (source === '/')
        addReason(draft, 'host-read', `\`${shown(command)}\` gives a container the whole system`);
      else addPath(literalWord(source), 'read', draft, command, context);
    }
  },

  // `dig @SERVER NAME TYPE +short`.
  'asks-names'({ command, operands, flags }, draft, context) {
    const names = [
      ...operands,
      ...flags.flatMap(({ names, value }) => (value && names.includes('-q') ? value : [])),
    ];
    for (const word of names) {
      const text = word.kind === 'literal' ? word.value : word.prefix;
      if (word.kind === 'literal' && (/^\+\w/.test(text) || RECORDS.test(text))) continue;
      const rest = text.startsWith('@') ? text.slice(1) : text;
      judgeHost(
        word.kind === 'literal' ? { ...word, value: rest } : { ...word, prefix: rest },
        draft,
        command,
        context,
      );
    }
  },

  // `-from-module=https://…`, `-backend-config=address=https://…`, a plan at an address.
  'module-source'({ command, operands, flags }, draft, context) {
    for (const word of [...operands, ...flags.flatMap(({ value }) => value ?? [])]) {
      const text = word.kind === 'literal' ? word.value : word.prefix;
      const address = /(?:^|=|::)(?:https?|ssh|git):\/\/.*$/is.exec(text)?.[0].replace(/^(?:=|::)/, '');
      if (address !== undefined && word.kind === 'literal')
        judgeHost({ ...word, value: address }, draft, command, context);
    }
  },

  // `promtool query instant SERVER QUERY`.
  'first-is-host'({ command, operands: [server] }, draft, context) {
    if (server) judgeHost(server, draft, command, context);
  },

  // `openssl s_client -connect HOST:PORT`.
  connects({ command, flags }, draft, context) {
    for (const { names, value } of flags)
      if (
        value !== null &&
        names.some((name) => name === '-connect' || name === '-proxy' || name === '-host')
      )
        judgeHost(value, draft, command, context);
  },
};

function isLocalHost(value: string): boolean {
  const host = hostOf(literalWord(value));
  return host !== null && isLoopback(host);
}

const RECORDS =
  /^(?:A|AAAA|AFSDB|ANY|AXFR|CAA|CDS|CH|CNAME|DNAME|DNSKEY|DS|HINFO|HS|HTTPS|IN|IXFR|LOC|MX|NAPTR|NS|NSEC3?|PTR|RRSIG|SOA|SPF|SRV|SSHFP|SVCB|TLSA|TXT|URI)$/i;
const LISTENING = [
  '-S',
  '-b',
  '--bind',
  '-a',
  '--address',
  '-H',
  '--host',
  '-l',
  '--listen',
  '--interface',
  '--interfaces',
  '-i',
];
const PLAIN_SSH = /^(?:\/usr\/bin\/)?ssh(?:\s+-(?:[pil]\s*[\w@./~-]+|[46CqTx]+))*$/;
const REMOTE = /^(?:[^/:\s]+@)?(?:\[[^\]]+\]|[^/:\s]+)::?|^(?:rsync|sftp|scp|ftp):\/\//;

function remoteHost(word: Word): Word {
  // With its colon the host is known even where the path is not.
  if (word.kind === 'literal' || /:\/\//.test(word.prefix)) return word;
  const host = /^(?:[^/:\s]+@)?([^/:\s]+):/.exec(word.prefix)?.[1];
  return host === undefined ? word : literalWord(host);
}

function isStore(word: Word): boolean {
  const text = word.kind === 'literal' ? word.value : word.prefix;
  return /^[^/.\s][^/\s]*:|^:[a-z0-9]+/i.test(text);
}
