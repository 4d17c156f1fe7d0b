import { judgeSql, MYSQL, type SqlDialect, STANDARD_SQL } from '../../src/shell/sql-text';

const cases: [name: string, text: string, dialect: SqlDialect, kinds: string, destroys: boolean][] = [
  ['a select reads', 'SELECT * FROM orders WHERE id = 4', STANDARD_SQL, 'read', false],
  ['a word in a string is text', "SELECT 'DROP TABLE orders; --'", STANDARD_SQL, 'read', false],
  ['a word in a comment is text', 'SELECT 1 -- DROP TABLE orders', STANDARD_SQL, 'read', false],
  ['the second statement counts', 'SELECT 1; DROP TABLE orders', STANDARD_SQL, 'read write', true],
  [
    'a backslash does not end a standard string',
    "SELECT '\\'; DROP TABLE orders; --'",
    STANDARD_SQL,
    'read write',
    true,
  ],
  ['a comment of MySQL that runs', '/*!50000 DROP TABLE orders */', MYSQL, 'write', true],
  [
    'two dashes without a space are no comment in MySQL',
    'SELECT 1--1; DROP TABLE orders',
    MYSQL,
    'read write',
    true,
  ],
  [
    'a common table expression that deletes',
    'WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone',
    STANDARD_SQL,
    'write',
    true,
  ],
  ['a delete of some rows', 'DELETE FROM orders WHERE id = 4', STANDARD_SQL, 'write', false],
  ['a delete whose condition is always true', 'DELETE FROM orders WHERE 1=1', STANDARD_SQL, 'write', true],
  ['an update of every row', 'UPDATE orders SET paid = true', STANDARD_SQL, 'write', true],
  ['a lock is no write', 'SELECT * FROM orders FOR UPDATE', STANDARD_SQL, 'read', false],
  ['explaining a write', 'EXPLAIN DELETE FROM orders WHERE id = 4', STANDARD_SQL, 'read', false],
  [
    'explaining by running a write',
    'EXPLAIN ANALYZE DELETE FROM orders WHERE id = 4',
    STANDARD_SQL,
    'write',
    false,
  ],
  ['a statement nobody described writes', 'FROBNICATE orders', STANDARD_SQL, 'write', false],
  ['a function that reads files of the server', "SELECT pg_read_file('a')", STANDARD_SQL, 'write', false],
];

test.each(cases)('%s', (_, text, dialect, kinds, destroys) => {
  const statements = judgeSql(text, dialect);
  expect(statements.map(({ kind }) => kind).join(' ')).toBe(kinds);
  expect(statements.some((statement) => statement.destroys !== null)).toBe(destroys);
});
