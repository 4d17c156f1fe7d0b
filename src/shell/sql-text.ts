import { isReadingFunction, isSqlKeyword } from './sql-functions';

/** What one SQL statement does, as far as its text tells. */
export interface SqlStatement {
  kind: 'read' | 'write';
  /** Why it destroys, as the end of a clause: "drops a table"; null when it does not. */
  destroys: string | null;
  /** Whether it runs a program or touches files of the machine it is sent from or to. */
  escapes: boolean;
  /** Whether it shows a password. */
  reveals?: boolean;
}

/** How a dialect writes strings; statements are told apart the same way in all of them. */
export interface SqlDialect {
  /** Whether a backslash in a plain string escapes the next character. */
  backslashEscapes: boolean;
  /** Whether `#` begins a comment. */
  hashComments: boolean;
  /** Whether the functions that only read are known, so that any other may write. */
  knowsFunctions: boolean;
  /** Commands of the client that begin a line, beside those that begin with a mark. */
  clientCommands: RegExp | null;
}

export const STANDARD_SQL: SqlDialect = {
  backslashEscapes: false,
  hashComments: false,
  knowsFunctions: true,
  clientCommands: null,
};
export const MYSQL: SqlDialect = {
  backslashEscapes: true,
  hashComments: true,
  knowsFunctions: true,
  clientCommands: /^(?:SYSTEM|SOURCE|TEE|PAGER|EDIT)$/,
};

/**
 * Judges SQL text statement by statement. A statement is a read only when its first word is known to read and nothing in
 * it writes; everything else writes.
 */
export function judgeSql(text: string, dialect: SqlDialect): SqlStatement[] {
  return statementsOf(text, dialect).map((tokens) => judgeStatement(tokens, dialect));
}

interface Token {
  kind: 'word' | 'string' | 'mark' | 'meta';
  /** Words in upper case. */
  text: string;
}

// In order: the longest or most special first.
function statementsOf(text: string, dialect: SqlDialect): Token[][] {
  const statements: Token[][] = [];
  let current: Token[] = [];
  const end = () => {
    if (current.length > 0) statements.push(current);
    current = [];
  };
  let at = 0;
  const take = (expression: RegExp): string | null => {
    expression.lastIndex = at;
    const found = expression.exec(text)?.[0];
    if (found === undefined) return null;
    at += found.length;
    return found;
  };
  while (at < text.length) {
    if (take(/\s+/y) !== null) continue;
    // In MySQL `--` begins a comment only before white space.
    if (take(dialect.backslashEscapes ? /--(?=\s|$)[^\n]*/y : /--[^\n]*/y) !== null) continue;
    if (dialect.hashComments && take(/#[^\n]*/y) !== null) continue;
    // MySQL runs what stands in `/*! … */`, so only the opening is skipped and the end is taken as white space.
    if (take(/\/\*M?!\d*/y) !== null || take(/\*\//y) !== null) continue;
    if (text.startsWith('/*', at)) {
      at = commentEnd(text, at);
      continue;
    }
    // Commands of the client: psql's `\d` to the end of the line, sqlite's `.tables` at its beginning.
    const meta = current.length === 0 ? take(/[\\.][^\n]*/y) : take(/\\[^\n]*/y);
    if (meta !== null) {
      current.push({ kind: 'meta', text: meta });
      end();
      continue;
    }
    const previous = current.at(-1);
    const isEscaping = previous?.kind === 'word' && previous.text === 'E' && /[eE]/.test(text[at - 1] ?? '');
    const string =
      dialect.backslashEscapes || isEscaping
        ? take(/'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)/y)
        : take(/'(?:[^']|'')*(?:'|$)/y);
    const quoted = string ?? dollarQuoted(text, at);
    if (quoted !== null) {
      if (string === null) at += quoted.length;
      current.push({ kind: 'string', text: quoted });
      continue;
    }
    const name = dialect.backslashEscapes
      ? take(/"(?:[^"\\]|\\[\s\S]|"")*(?:"|$)|`[^`]*(?:`|$)/y)
      : take(/"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$)/y);
    if (name !== null) {
      current.push({ kind: 'string', text: name });
      continue;
    }
    const word = take(/[A-Za-z_][\w$]*/y);
    if (word !== null) current.push({ kind: 'word', text: word.toUpperCase() });
    else if (text[at] === ';') {
      at += 1;
      end();
    } else {
      current.push({ kind: 'mark', text: take(/\d[\w.]*/y) ?? text[at++] ?? '' });
    }
  }
  end();
  return statements;
}

/** Comments nest in PostgreSQL; in others the inner end closes, and reading on shows more of the statement, not less. */
function commentEnd(text: string, from: number): number {
  const end = text.indexOf('*/', from + 2);
  return end < 0 ? text.length : end + 2;
}

function dollarQuoted(text: string, at: number): string | null {
  if (text[at] !== '$') return null;
  const tag = /^\$(?:[A-Za-z_]\w*)?\$/.exec(text.slice(at, at + 64))?.[0];
  if (tag === undefined) return null;
  const end = text.indexOf(tag, at + tag.length);
  return text.slice(at, end < 0 ? text.length : end + tag.length);
}

function judgeStatement(tokens: readonly Token[], dialect: SqlDialect): SqlStatement {
  const [first] = tokens;
  if (first?.kind === 'meta') return judgeMeta(first.text);
  // `SELECT … \gexec`.
  const last = tokens.at(-1);
  if (last?.kind === 'meta') {
    const meta = judgeMeta(last.text);
    const statement = judgeStatement(tokens.slice(0, -1), dialect);
    return meta.kind === 'read' ? statement : { ...statement, kind: 'write', escapes: true };
  }
  const words = tokens.filter(({ kind }) => kind === 'word').map(({ text }) => text);
  const read: SqlStatement = { kind: 'read', destroys: null, escapes: false };
  if (/^(?:SHOW|DESC|DESCRIBE|HELP)$/.test(words[0] ?? '')) return read;
  const called = names(tokens);
  const functions = functionsOf(tokens);
  const destroys = destruction(tokens, words, called);
  const escapes =
    called.some((word) => ESCAPES.has(word)) ||
    functions.some(({ name }) => REACHING_FUNCTIONS.test(name)) ||
    (words[0] !== undefined && dialect.clientCommands?.test(words[0]) === true) ||
    usesFile(tokens, words) ||
    runsComputedText(tokens, words);
  const isCopyOut = words[0] === 'COPY' && words.includes('STDOUT') && !words.includes('STDIN');
  const writes =
    destroys !== null ||
    escapes ||
    !(READS.has(words[0] ?? '') || isCopyOut) ||
    (words.some((word, at) => WRITES.has(word) && !isLock(words, at)) && !isOnlyExplained(tokens, words)) ||
    called.some((word) => WRITING_FUNCTIONS.has(word)) ||
    (dialect.knowsFunctions && functions.some((each) => each.isForeign || !isReadingFunction(each.name))) ||
    (words[0] === 'SET' && /^(?:GLOBAL|PERSIST|PERSIST_ONLY|PASSWORD)$/.test(words[1] ?? '')) ||
    (words[0] === 'PRAGMA' &&
      tokens.some(({ text }) => text === '=' || (text === '(' && !READING_PRAGMAS.test(words.at(1) ?? ''))));
  return writes ? { kind: 'write', destroys, escapes } : read;
}

/** What is called: a name before a parenthesis, with whether it is of a schema of somebody's own. */
function functionsOf(tokens: readonly Token[]): { name: string; isForeign: boolean }[] {
  return tokens.flatMap((token, at) => {
    if (tokens[at + 1]?.text !== '(' || (token.kind !== 'word' && !/^["`]/.test(token.text))) return [];
    const name = token.kind === 'word' ? token.text : token.text.slice(1, -1).toUpperCase();
    const before = tokens[at - 1];
    if (before?.text === '.') {
      const schema = tokens[at - 2]?.text.replace(/["`]/g, '').toUpperCase();
      return [{ name, isForeign: schema !== 'PG_CATALOG' && schema !== 'SYS' }];
    }
    const isListOfColumns =
      before === undefined ||
      /^(?:AS|INTO|WITH|RECURSIVE|JOIN|TABLE|REFERENCES|PRAGMA|\))$/.test(before.text) ||
      (before.text === ',' && tokens[closingAt(tokens, at + 1) + 1]?.text === 'AS') ||
      // The alias of a table: `f() t(a int)`.
      (before.kind === 'word' && !isSqlKeyword(before.text));
    return isListOfColumns || (token.kind === 'word' && isSqlKeyword(name))
      ? []
      : [{ name, isForeign: false }];
  });
}

function closingAt(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at]?.text === '(') depth++;
    else if (tokens[at]?.text === ')' && --depth === 0) return at;
  }
  return tokens.length;
}

/** `COPY … TO 'FILE'`, and DuckDB's `FROM 'FILE'`. */
function usesFile(tokens: readonly Token[], words: readonly string[]): boolean {
  return tokens.some(
    ({ kind, text }, at) =>
      kind === 'string' &&
      text.startsWith("'") &&
      (words[0] === 'COPY' ? /^(?:TO|FROM)$/ : /^(?:FROM|JOIN|ATTACH)$/).test(tokens[at - 1]?.text ?? ''),
  );
}

/** `DO $$ … EXECUTE 'DR' || 'OP …' $$`: what the server will run is not known. */
function runsComputedText(tokens: readonly Token[], words: readonly string[]): boolean {
  return (
    words[0] === 'DO' &&
    tokens.some(({ kind, text }) => kind === 'string' && /\bexecute\b(?!\s*'[^']*'\s*;)/i.test(text))
  );
}

/** `EXPLAIN` without `ANALYZE`, which runs what it explains; options in parentheses may say so too. */
function isOnlyExplained(tokens: readonly Token[], words: readonly string[]): boolean {
  return (
    words[0] === 'EXPLAIN' && tokens[1]?.text !== '(' && !words.some((word) => /^ANALY[ZS]E$/.test(word))
  );
}

/** `SELECT … FOR UPDATE`. */
function isLock(words: readonly string[], at: number): boolean {
  return words[at] === 'UPDATE' && (words[at - 1] === 'FOR' || words[at - 1] === 'KEY');
}

/** Words, and quoted names, which may be called like any other. */
function names(tokens: readonly Token[]): string[] {
  return tokens.flatMap(({ kind, text }) =>
    kind === 'word' ? [text] : /^["`[]/.test(text) ? [text.slice(1, -1).toUpperCase()] : [],
  );
}

function destruction(
  tokens: readonly Token[],
  words: readonly string[],
  called: readonly string[],
): string | null {
  if (/^(?:RESET|PURGE)$/.test(words[0] ?? '') && /^(?:MASTER|SLAVE|REPLICA|BINARY)$/.test(words[1] ?? ''))
    return 'discards the log of changes';
  if (words.includes('DROP')) return 'drops what it names';
  if (words.includes('TRUNCATE') && words[0] !== 'SELECT') return 'empties a table';
  if (isOnlyExplained(tokens, words)) return null;
  const whole = !words.includes('WHERE') || isAlwaysTrue(tokens);
  if (words.includes('DELETE') && whole && !/^(?:CREATE|GRANT|REVOKE)$/.test(words[0] ?? ''))
    return 'deletes every row of a table';
  if (words[0] === 'UPDATE' && whole) return 'overwrites every row of a table';
  if (called.some((word) => DESTROYING_FUNCTIONS.has(word))) return 'discards data';
  // Text that the server will run: `EXECUTE 'DROP …'`, `DO $$ … $$`.
  if (/^(?:DO|EXEC|EXECUTE|CALL|PREPARE)$/.test(words[0] ?? '')) {
    const inner = tokens.find(
      ({ kind, text }) => kind === 'string' && /\b(?:drop|truncate|delete\s+from)\b/i.test(text),
    );
    if (inner) return 'runs text that destroys';
  }
  return null;
}

function isAlwaysTrue(tokens: readonly Token[]): boolean {
  const at = tokens.findIndex(({ text }) => text === 'WHERE');
  const condition = tokens
    .slice(at + 1)
    .map(({ text }) => (text === 'OR' ? ' OR ' : text))
    .join('');
  // One alternative that always holds is enough.
  return condition
    .split(' OR ')
    .some((each) => /^\(*(?:TRUE|1|NOT\(*FALSE|([\w.]+|'[^']*'|"[^"]*")=\1)\)*$/.test(each));
}

function judgeMeta(text: string): SqlStatement {
  const name = /^[\\.](\S*)/.exec(text)?.[1] ?? '';
  // `\dt; DROP …`: psql takes the rest of the line as arguments, others may not.
  const escapes =
    /^(?:!|copy|o|out|w|gexec|i|ir|include|s|setenv|lo_export|lo_import|e|ef|ev|shell|system|sh|read|import|output|once|excel|load|save|backup|clone|log|cd|source|edit|tee|pager)\b|^[!|]/.test(
      name,
    ) ||
    /^\\gx?\s*[^\s;]/.test(text) ||
    /`|\|/.test(text);
  return { kind: escapes ? 'write' : 'read', destroys: null, escapes };
}

const READS = new Set(
  `SELECT SHOW DESCRIBE DESC EXPLAIN VALUES TABLE WITH HELP USE SET BEGIN START COMMIT END ROLLBACK SAVEPOINT RELEASE
   DECLARE FETCH CLOSE PRAGMA LIST EXISTS STATUS CONSISTENCY TRACING PAGING EXPAND RESET FROM`.split(/\s+/),
);

const WRITES = new Set(
  'INSERT UPDATE DELETE MERGE UPSERT INTO OUTFILE DUMPFILE CREATE ALTER GRANT REVOKE'.split(' '),
);

const ESCAPES = new Set(
  'PROGRAM OUTFILE DUMPFILE XP_CMDSHELL SYS_EXEC SYS_EVAL LO_EXPORT LO_IMPORT PG_READ_FILE PG_READ_BINARY_FILE PG_LS_DIR LOAD_FILE LOAD_EXTENSION WRITEFILE READFILE EDIT FTS3_TOKENIZER'.split(
    ' ',
  ),
);

/** Of DuckDB and ClickHouse: they read files, reach servers or run programs. */
const REACHING_FUNCTIONS =
  /^(?:READ_(?:CSV|CSV_AUTO|PARQUET|JSON|JSON_AUTO|NDJSON|TEXT|BLOB|XLSX)|PARQUET_SCAN|SNIFF_CSV|GLOB|URL|URLCLUSTER|FILE|FILECLUSTER|EXECUTABLE|S3|S3CLUSTER|GCS|HDFS|AZUREBLOBSTORAGE|REMOTE|REMOTESECURE|MYSQL|POSTGRESQL|POSTGRES_SCAN|SQLITE_SCAN|MYSQL_SCAN|MONGODB|REDIS|JDBC|ODBC|HTTP_GET|HTTP_POST)$/;

const READING_PRAGMAS =
  /^(?:TABLE_INFO|TABLE_XINFO|TABLE_LIST|INDEX_INFO|INDEX_XINFO|INDEX_LIST|FOREIGN_KEY_LIST|FOREIGN_KEY_CHECK|INTEGRITY_CHECK|QUICK_CHECK)$/;

const WRITING_FUNCTIONS = new Set(
  `PG_TERMINATE_BACKEND PG_CANCEL_BACKEND PG_RELOAD_CONF PG_ROTATE_LOGFILE PG_SWITCH_WAL PG_PROMOTE SETVAL NEXTVAL
   DBLINK DBLINK_EXEC LO_CREATE LO_PUT LO_FROM_BYTEA PG_CREATE_RESTORE_POINT PG_CREATE_PHYSICAL_REPLICATION_SLOT
   PG_CREATE_LOGICAL_REPLICATION_SLOT PG_WAL_REPLAY_PAUSE PG_WAL_REPLAY_RESUME PG_NOTIFY PG_FILE_WRITE QUERY_TO_XML
   SP_CONFIGURE`.split(/\s+/),
);

const DESTROYING_FUNCTIONS = new Set(
  `PG_DROP_REPLICATION_SLOT LO_UNLINK PG_STAT_RESET PG_FILE_UNLINK DROP_CHUNKS DROPGEOMETRYTABLE`.split(
    /\s+/,
  ),
);
