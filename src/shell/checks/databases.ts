import type { Finding } from '../../domain/decision';
import { type HostKind, hostKind, judgeHost } from '../hosts';
import type { Check, Invocation } from '../invocation';
import { addPath } from '../operands';
import { addReason, type PartDraft, raise, shown, unresolved } from '../part-draft';
import type { CommandContext, SimpleCommand } from '../simple-command';
import { judgeSql, MYSQL, type SqlDialect, type SqlStatement, STANDARD_SQL } from '../sql-text';
import { literalWord, type Word } from '../word';

/** How a client of a database is told what to run and where. */
interface Client {
  /** Flags whose value is text to run, and those that name a file of it. */
  text: string[];
  files: string[];
  hosts: string[];
  hostVariables: string[];
  judge: (text: string) => SqlStatement[];
  /** Whether the first operand is a database, file or URL, and what follows it is text to run. */
  operands: 'database-then-text' | 'database' | 'text' | 'host';
}

/** A command of the client that runs a program or uses a file: `:!! ls`, `!ls`. */
const ESCAPE: SqlStatement = { kind: 'write', destroys: null, escapes: true };

const sql = (dialect: SqlDialect) => (text: string) => judgeSql(text, dialect);

const CLIENTS: Record<string, Client> = {
  psql: {
    text: ['-c', '--command', '-e', '--execute'],
    files: ['-f', '--file'],
    hosts: ['-h', '--host', '--url'],
    hostVariables: ['PGHOST', 'PGHOSTADDR', 'PGSERVICE'],
    judge: sql(STANDARD_SQL),
    operands: 'database',
  },
  mysql: {
    text: ['-e', '--execute', '--init-command'],
    files: [],
    hosts: ['-h', '--host'],
    hostVariables: ['MYSQL_HOST'],
    judge: sql(MYSQL),
    operands: 'database',
  },
  sqlite: {
    text: ['-cmd', '-c', '-s'],
    files: ['-init', '-f'],
    hosts: [],
    hostVariables: [],
    judge: sql(STANDARD_SQL),
    operands: 'database-then-text',
  },
  other: {
    text: ['-q', '-Q', '--query', '-e', '--execute', '-execute', '-c', '--command'],
    files: ['-f', '--file', '-i', '--queries-file', '--input-file'],
    hosts: ['-h', '--host', '-host', '-S', '--server', '-u', '--url', '-H'],
    hostVariables: ['CLICKHOUSE_HOST', 'CQLSH_HOST', 'INFLUX_HOST'],
    // Which dialect is not known, so what either makes of the text counts.
    judge: (text) => [
      ...judgeSql(text, { ...MYSQL, knowsFunctions: false }),
      ...judgeSql(text, { ...STANDARD_SQL, knowsFunctions: false, clientCommands: null }),
      ...(/^\s*(?::(?:!!|(?:r|out|error)\b)|!)/im.test(text) ? [ESCAPE] : []),
    ],
    operands: 'host',
  },
  mongo: {
    text: ['--eval'],
    files: ['-f', '--file'],
    hosts: ['--host', '-h'],
    hostVariables: [],
    judge: judgeMongo,
    operands: 'database',
  },
  redis: {
    text: [],
    files: [],
    hosts: ['-h', '-u'],
    hostVariables: [],
    judge: judgeRedis,
    operands: 'text',
  },
};

/** Checks for clients of databases, named `database-…` in the tables. */
export const databaseChecks: Record<string, Check> = Object.fromEntries(
  Object.entries(CLIENTS).map(([name, client]): [string, Check] => [
    `database-${name}`,
    (invocation, draft, context) => judgeClient(client, invocation, draft, context),
  ]),
);

function judgeClient(
  client: Client,
  invocation: Invocation,
  draft: PartDraft,
  context: CommandContext,
): void {
  const { command, operands } = invocation;
  const where = server(client, invocation, draft, context);
  const write: 'sandbox' | 'production' =
    where === 'loopback' || where === 'unset' ? 'sandbox' : 'production';
  const texts: Word[] = valuesOf(invocation, client.text);
  if (client.operands === 'database-then-text') texts.push(...operands.slice(1));
  if (client.operands === 'text') {
    const known = operands.every((word) => word.kind === 'literal');
    const [first] = operands;
    if (operands.length > 0 && known)
      texts.push({
        kind: 'literal',
        hasGlob: false,
        value: operands.map((word) => (word.kind === 'literal' ? word.value : '')).join(' '),
      });
    else if (first)
      texts.push(
        first.kind === 'unresolved' ? first : (operands.find((word) => word.kind === 'unresolved') ?? first),
      );
  }
  if (command.stdin.kind === 'text' && texts.length === 0)
    texts.push({ kind: 'literal', hasGlob: false, value: command.stdin.text });
  const files = valuesOf(invocation, client.files);
  if (client === CLIENTS.mongo) files.push(...operands.filter(isScript));
  if (client === CLIENTS.sqlite && operands[0]) addPath(operands[0], 'read', draft, command, context);
  const outputs = valuesOf(invocation, ['-o', '--output']);
  if (outputs.some((word) => word.kind === 'literal' && word.value.startsWith('|')))
    draft.findings.push(runsFromInside(command));
  if (files.length > 0) raise(draft, write, `\`${shown(command)}\` runs what a file says`);
  if (command.stdin.kind === 'unknown' && texts.length === 0 && files.length === 0) {
    raise(draft, write, `\`${shown(command)}\` runs text that is not known before it runs`);
    draft.findings.push({
      verdict: 'ask',
      layer: 'commands',
      rule: 'unresolved',
      message: `what \`${shown(command)}\` reads from its input and runs is not known before it runs`,
    });
  }
  for (const word of texts) {
    if (word.kind === 'unresolved') {
      raise(draft, write, `\`${shown(command)}\` runs text that is not known before it runs`);
      draft.findings.push(unresolved(command, word, 'is run by a database'));
      continue;
    }
    for (const statement of client.judge(withVariables(word.value, valuesOf(invocation, VARIABLE_FLAGS)))) {
      if (statement.kind === 'write')
        raise(
          draft,
          write,
          `\`${shown(command)}\` changes ${write === 'sandbox' ? 'a local' : 'a remote'} database`,
        );
      if (statement.destroys !== null)
        addReason(draft, 'destructive', `\`${shown(command)}\` ${statement.destroys}`);
      if (statement.reveals) addReason(draft, 'secret', `\`${shown(command)}\` shows a password`);
      if (statement.escapes) draft.findings.push(runsFromInside(command));
    }
  }
}

function runsFromInside(command: SimpleCommand): Finding {
  return {
    verdict: 'ask',
    layer: 'commands',
    rule: 'runs-program',
    message: `\`${shown(command)}\` runs a program or uses a file from inside a database`,
  };
}

const VARIABLE_FLAGS = ['-v', '--set', '--variable'];

/** psql puts `-v name=value` in place of `:name`. */
function withVariables(text: string, settings: readonly Word[]): string {
  let filled = text;
  for (const setting of settings) {
    const [, name, value] = (setting.kind === 'literal' && /^(\w+)=(.*)$/s.exec(setting.value)) || [];
    if (name !== undefined) filled = filled.replaceAll(`:${name}`, () => value ?? '');
  }
  return filled;
}

function isScript(word: Word): boolean {
  return word.kind === 'literal' && /\.(?:js|mongodb)$/.test(word.value) && !/:\/\//.test(word.value);
}

/** Where the server is; `unset` is the client's default, this machine. */
function server(
  client: Client,
  invocation: Invocation,
  draft: PartDraft,
  context: CommandContext,
): HostKind | 'unset' {
  const { command, operands } = invocation;
  const named: Word[] = valuesOf(invocation, client.hosts);
  for (const variable of client.hostVariables) {
    const value = command.assignments.get(variable);
    if (value === null)
      named.push({ kind: 'unresolved', source: `$${variable}`, prefix: '', maySplit: false });
    else if (value !== undefined) named.push(literalWord(value));
  }
  if (client.operands !== 'text') {
    const [database] = operands;
    if (database?.kind === 'unresolved') named.push(database);
    else if (database && (client.operands === 'host' || /:\/\//.test(database.value))) named.push(database);
    else if (database) {
      const host = /\bhost(?:addr)?\s*=\s*'?([^\s']+)/i.exec(database.value)?.[1];
      if (host !== undefined) named.push(literalWord(host));
    }
  }
  let worst: HostKind | 'unset' = 'unset';
  for (const word of named) {
    // A socket's folder.
    const isSocket = word.kind === 'literal' && word.value.startsWith('/');
    const kind = isSocket ? 'loopback' : hostKind(word, context.settings.network);
    if (!isSocket) judgeHost(word, draft, command, context);
    if (worst === 'unset' || ORDER.indexOf(kind) > ORDER.indexOf(worst)) worst = kind;
  }
  return worst;
}

const ORDER: readonly HostKind[] = ['loopback', 'allowed', 'other', 'unknown'];

function valuesOf({ flags }: Invocation, names: readonly string[]): Word[] {
  return flags.flatMap(({ names: given, value }) =>
    value !== null && given.some((name) => names.includes(name)) ? [value] : [],
  );
}

function judgeMongo(text: string): SqlStatement[] {
  const destroys =
    /\.\s*(?:drop\w*|deleteMany|deleteOne|remove|findOneAndDelete|findAndModify|shutdownServer|bulkWrite)\s*\(|dropDatabase|\[\s*['"`](?:drop|delete|remove)|\b(?:drop|dropDatabase|delete|shutdown)\s*['"]?\s*:/.test(
      text,
    );
  const calls = [...text.matchAll(/([A-Za-z_$]\w*)\s*\(/g)].map(([, name = '']) => name);
  const isRead =
    !destroys &&
    !/['"]?\$(?:out|merge)\b/.test(text) &&
    !/\[\s*['"`]|\beval\b|`/.test(text) &&
    calls.every((name) => MONGO_READS.has(name));
  return [
    {
      kind: isRead ? 'read' : 'write',
      destroys: destroys ? 'deletes documents or more' : null,
      escapes: /\brequire\b|child_process|\bfs\./.test(text),
    },
  ];
}

const MONGO_READS = new Set(
  `find findOne count countDocuments estimatedDocumentCount distinct aggregate explain stats getCollection getCollectionNames
   getCollectionInfos getIndexes getSiblingDB getMongo getDBs getDBNames getName getUsers getRoles limit skip sort project
   toArray pretty forEach map print printjson serverStatus hello isMaster status conf version hostInfo currentOp
   ObjectId ISODate Date NumberInt NumberLong size hasNext next itcount dataSize storageSize totalSize tojson stringify`.split(
    /\s+/,
  ),
);

function judgeRedis(text: string): SqlStatement[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): SqlStatement => {
      const [name = '', next = ''] = line.trim().toUpperCase().split(/\s+/);
      const destroys = REDIS_DESTROYS.has(name) || REDIS_DESTROYS.has(`${name} ${next}`);
      const isRead = REDIS_READS.has(name) || REDIS_READS.has(`${name} ${next}`);
      return {
        kind: isRead && !destroys ? 'read' : 'write',
        destroys: destroys ? 'deletes keys or more' : null,
        escapes: REDIS_ESCAPES.test(line.trim()),
        reveals: /^CONFIG\s+GET\s+(?:\S*\*|requirepass|masterauth)/i.test(line.trim()),
      };
    });
}

/** What loads code, writes files of the server or hands its data to another. */
const REDIS_ESCAPES =
  /^(?:MODULE\s+LOAD|CONFIG\s+SET\s+(?:dir|dbfilename|appendfilename|logfile|loadmodule|unixsocket)\b|MIGRATE|REPLICAOF|SLAVEOF|FUNCTION\s+(?:LOAD|RESTORE))/i;

const REDIS_DESTROYS = new Set(
  `FLUSHALL,FLUSHDB,DEL,UNLINK,SHUTDOWN,GETDEL,HDEL,LTRIM,XTRIM,XDEL,ZREMRANGEBYRANK,ZREMRANGEBYSCORE,ZREMRANGEBYLEX,SCRIPT FLUSH,
   FUNCTION FLUSH,FUNCTION DELETE,CLUSTER RESET,CLUSTER FORGET,CLUSTER FLUSHSLOTS,CLUSTER DELSLOTS,ACL DELUSER,XGROUP DESTROY,
   DEBUG,SWAPDB,REPLICAOF,SLAVEOF,CONFIG RESETSTAT,MEMORY PURGE,CLIENT KILL,FAILOVER,EVAL,EVALSHA`
    .split(',')
    .map((name) => name.trim()),
);

const REDIS_READS = new Set(
  `GET,MGET,STRLEN,GETRANGE,SUBSTR,EXISTS,TYPE,TTL,PTTL,EXPIRETIME,PEXPIRETIME,KEYS,SCAN,RANDOMKEY,DBSIZE,HGET,HMGET,HGETALL,HKEYS,
   HVALS,HLEN,HEXISTS,HSCAN,HSTRLEN,HRANDFIELD,LLEN,LRANGE,LINDEX,LPOS,SMEMBERS,SCARD,SISMEMBER,SMISMEMBER,SSCAN,SRANDMEMBER,SINTER,SUNION,SDIFF,
   ZRANGE,ZCARD,ZSCORE,ZRANK,ZREVRANK,ZCOUNT,ZSCAN,ZRANGEBYSCORE,ZREVRANGE,ZREVRANGEBYSCORE,XLEN,XRANGE,XREVRANGE,XINFO,XPENDING,
   XREAD,GEOPOS,GEODIST,GEOSEARCH,BITCOUNT,BITPOS,GETBIT,PFCOUNT,PING,ECHO,TIME,INFO,LASTSAVE,ROLE,COMMAND,CONFIG GET,CLIENT LIST,
   CLIENT GETNAME,CLIENT ID,CLIENT INFO,SLOWLOG GET,SLOWLOG LEN,LATENCY LATEST,LATENCY HISTORY,LATENCY DOCTOR,MEMORY USAGE,
   MEMORY STATS,MEMORY DOCTOR,CLUSTER INFO,CLUSTER NODES,CLUSTER SLOTS,CLUSTER SHARDS,ACL LIST,ACL WHOAMI,ACL USERS,OBJECT ENCODING,
   OBJECT IDLETIME,OBJECT FREQ,PUBSUB CHANNELS,PUBSUB NUMSUB,MODULE LIST,SCRIPT EXISTS,FUNCTION LIST,DUMP,MONITOR,SUBSCRIBE,
   PSUBSCRIBE,QUIT,SELECT,HELLO,AUTH`
    .split(',')
    .map((name) => name.trim()),
);
