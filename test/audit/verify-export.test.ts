import fc from 'fast-check';
import { WitnessReader } from '../../src/audit/witness';
import { makeKey } from '../../src/broker/keys';
import { canonicalJson } from '../../src/domain/canonical-json';
import { sha256 } from '../../src/domain/hashing';
import { linkHash } from '../../src/store/audit-chain';
import { type AuditFixture, decide, exported, openAudit, tamper, verified } from './fixture';
import { largeExport } from './large-export';

let audit: AuditFixture;
let whole: string;

beforeAll(async () => {
  audit = await openAudit();
  await decide(audit, 'run-a', 3);
  await decide(audit, 'run-b', 2);
  await audit.anchors.anchorAll();
  await decide(audit, 'run-c', 1, { isFinished: false });
  await audit.anchors.anchorAll();
  whole = await exported(audit);
});

afterAll(() => audit.close());

/** The problems that tampering leads to, seen as an export is; afterwards the database is as it was. */
async function afterTampering(...statements: string[]): Promise<string[]> {
  const other = await openAudit();
  try {
    await decide(other, 'run-a', 3);
    await decide(other, 'run-b', 2);
    await other.anchors.anchorAll();
    await tamper(other, ...statements);
    return problemsOf(await exported(other), other);
  } finally {
    await other.close();
  }
}

function problemsOf(text: string, { key }: Pick<AuditFixture, 'key'> = audit): string[] {
  return verified(text, { key }).problems.map(
    ({ run, sequence, problem }) => `${run ?? '-'} ${sequence ?? '-'} ${problem}`,
  );
}

test('what was not touched is as it was written', () => {
  expect(verified(whole, { key: audit.key })).toMatchObject({
    ok: true,
    organization: 'local',
    runs: 3,
    records: 13,
    organizationRecords: 3,
    anchors: 2,
    problems: [],
  });
});

test('an export of one run, or of the latest ones, misses none of the others', async () => {
  expect(verified(await exported(audit, { runId: 'run-b' }))).toMatchObject({ ok: true, runs: 1 });
  expect(verified(await exported(audit, { since: Date.UTC(2040, 0) }))).toMatchObject({
    ok: true,
    runs: 0,
  });
});

test('any change of one place is found', () => {
  const bytes = Buffer.from(whole);
  const lines = whole.split(/(?<=\n)/);
  const other = whole.replaceAll('run-a', 'run-x').split(/(?<=\n)/);
  const line = fc.nat({ max: lines.length - 1 });
  const mutations = fc.oneof(
    fc
      .tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }))
      .map(([at, by]) =>
        Buffer.concat([bytes.subarray(0, at), Buffer.from([bytes[at]! ^ by]), bytes.subarray(at + 1)]),
      ),
    fc.nat({ max: bytes.length - 1 }).map((length) => bytes.subarray(0, length)),
    line.map((at) => lines.toSpliced(at, 1).join('')),
    line.map((at) => lines.toSpliced(at, 0, lines[at]!).join('')),
    fc
      .tuple(line, line)
      .filter(([one, two]) => one !== two)
      .map(([one, two]) => lines.with(one, lines[two]!).with(two, lines[one]!).join('')),
    line
      .map((at) => [...lines.slice(0, at), ...other.slice(at)].join(''))
      .filter((text) => text !== whole && text !== other.join('')),
    fc
      .tuple(fc.nat({ max: bytes.length }), fc.uint8Array({ minLength: 1, maxLength: 8 }))
      .map(([at, more]) => Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)])),
  );
  fc.assert(
    fc.property(mutations, (mutated) => {
      expect(verified(mutated, { key: audit.key }).ok).toBe(false);
    }),
    { numRuns: 1_000 },
  );
});

/** Puts the end's digest and counts right, as somebody who knows the format would. */
function resealed(lines: string[]): string {
  const kept = lines.filter((line) => line !== '' && !line.includes('"type":"end"'));
  const body = `${kept.join('\n')}\n`;
  const ofType = (type: string) => kept.filter((line) => line.includes(`"type":"${type}"`)).length;
  return `${body}${canonicalJson({
    type: 'end',
    runs: ofType('run'),
    records: ofType('record'),
    organizationRecords: ofType('organization-record'),
    digest: sha256(body),
  })}\n`;
}

test.each<[string, (lines: string[]) => string[], RegExp]>([
  [
    'an altered record',
    (lines) => lines.map((line) => line.replace('\\"callId\\":\\"call-2\\"', '\\"callId\\":\\"call-9\\"')),
    /^run-a 3 it was changed after it was written$/,
  ],
  [
    'a removed record',
    (lines) => lines.filter((line) => !/"runId":"run-a","sequence":3,/.test(line)),
    /^run-a 3 the record is missing$/,
  ],
  [
    'reordered records',
    (lines) => {
      const at = lines.findIndex((line) => /"runId":"run-a","sequence":2,/.test(line));
      return lines.with(at, lines[at + 1]!).with(at + 1, lines[at]!);
    },
    /^run-a 2 the record is missing$/,
  ],
  [
    'a chain cut short together with its head',
    (lines) => {
      const kept = lines.filter((line) => !/"runId":"run-b","sequence":[345],/.test(line));
      const second = JSON.parse(kept.find((line) => /"runId":"run-b","sequence":2,/.test(line))!);
      return kept.map((line) =>
        line.includes('"runId":"run-b"') && line.includes('"type":"run"')
          ? canonicalJson({ ...JSON.parse(line), length: 2, hash: second.hash })
          : line,
      );
    },
    /^run-b 3 the record is missing: anchor 2 of the organization names 5 records$/,
  ],
  [
    'a run taken away whole',
    (lines) => lines.filter((line) => !line.includes('"runId":"run-b"')),
    /^run-b - the run is missing: anchor 2 of the organization names 5 of its records$/,
  ],
  [
    'an anchor that names another head',
    (lines) =>
      lines.map((line) =>
        line.includes('"sequence":2') && line.includes('organization-record')
          ? line.replace('\\"length\\":5', '\\"length\\":4')
          : line,
      ),
    /^- 2 it was changed after it was written$/,
  ],
])('%s is found in an export that was sealed again, by run, record and reason', (_what, change, expected) => {
  const text = resealed(change(whole.split('\n')));
  expect(text).not.toBe(whole);
  expect(problemsOf(text)).toContainEqual(expect.stringMatching(expected));
});

test('a chain that was computed again whole is found by the anchor', async () => {
  const { records } = {
    records: whole.split('\n').filter((line) => /"runId":"run-b","sequence"/.test(line)),
  };
  let previousHash = '';
  const rewritten = new Map<string, string>();
  let last = { length: 0, hash: '' };
  for (const line of records) {
    const record = JSON.parse(line);
    const body = JSON.parse(record.body);
    if (record.sequence === 1) body.verdict = 'deny';
    const { runId, sequence, kind, at } = record;
    const hash = linkHash(previousHash, { runId, sequence, kind, at, body });
    rewritten.set(line, canonicalJson({ ...record, body: canonicalJson(body), previousHash, hash }));
    previousHash = hash;
    last = { length: sequence, hash };
  }
  const text = resealed(
    whole
      .split('\n')
      .map((line) => rewritten.get(line) ?? line)
      .map((line) =>
        line.includes('"runId":"run-b"') && line.includes('"type":"run"')
          ? canonicalJson({ ...JSON.parse(line), ...last })
          : line,
      ),
  );
  expect(problemsOf(text)).toEqual(['run-b 5 it is not the record that anchor 2 of the organization names']);
});

test('who rewrites everything lacks the key', () => {
  const forger = makeKey();
  expect(problemsOf(whole, { key: forger })).toEqual([
    expect.stringMatching(
      /^- 2 the anchor is signed with key `[\w-]{43}`, which is not one of those that count$/,
    ),
    expect.stringMatching(/^- 3 the anchor is signed with key/),
  ]);
});

test.each<[string, string[], RegExp]>([
  [
    'a decision changed',
    [
      `UPDATE "AuditRecord" SET "body" = replace("body", '"allow"', '"deny"') WHERE "runId" = 'run-a' AND "sequence" = 1`,
    ],
    /^run-a 1 it was changed after it was written$/,
  ],
  [
    'a run deleted with all its records',
    ['AuditRecord', 'DecisionRecord', 'RunEvent', 'Approval', 'Question']
      .map((table) => `DELETE FROM "${table}" WHERE "runId" = 'run-b'`)
      .concat(`DELETE FROM "Run" WHERE "id" = 'run-b'`),
    /^run-b - the run is missing: anchor 2 of the organization names 5 of its records$/,
  ],
  [
    'a chain cut short together with its head',
    [
      `DELETE FROM "AuditRecord" WHERE "runId" = 'run-b' AND "sequence" > 2`,
      `UPDATE "Run" SET "auditLength" = 2, "auditHash" = (SELECT "hash" FROM "AuditRecord" WHERE "runId" = 'run-b' AND "sequence" = 2) WHERE "id" = 'run-b'`,
    ],
    /^run-b 3 the record is missing/,
  ],
  [
    'a record of the organization changed',
    [`UPDATE "OrganizationAuditRecord" SET "body" = replace("body", 'olga', 'otto') WHERE "sequence" = 1`],
    /^- 1 it was changed after it was written$/,
  ],
  [
    'the signature of an anchor taken from another',
    [
      `UPDATE "OrganizationAuditRecord" SET "body" = regexp_replace("body", '"signature":"..', '"signature":"AA') WHERE "sequence" = 2`,
    ],
    /^- 2 it was changed after it was written$/,
  ],
  [
    'the anchors deleted with the head of the organization',
    [`DELETE FROM "OrganizationAuditRecord" WHERE "sequence" > 1`],
    /^- 2 the chain ends at record 2, not 1$/,
  ],
])('a database owner’s tampering is found: %s', async (_what, statements, expected) => {
  expect(await afterTampering(...statements)).toContainEqual(expect.stringMatching(expected));
});

test('an earlier export shows that everything was rolled back to before it', async () => {
  const other = await openAudit();
  try {
    await decide(other, 'run-a', 2);
    await other.anchors.anchorAll();
    await decide(other, 'run-b', 1);
    await other.anchors.anchorAll();
    const reader = new WitnessReader();
    for (const line of (await exported(other)).split('\n')) reader.take(line);
    const witness = reader.end();
    expect(verified(await exported(other), { key: other.key, witness }).problems).toEqual([]);
    await tamper(
      other,
      `DELETE FROM "OrganizationAuditRecord" WHERE "sequence" = 3`,
      `UPDATE "Organization" SET "auditLength" = 2, "auditHash" = (SELECT "hash" FROM "OrganizationAuditRecord" WHERE "sequence" = 2)`,
      ...['AuditRecord', 'DecisionRecord', 'RunEvent'].map(
        (table) => `DELETE FROM "${table}" WHERE "runId" = 'run-b'`,
      ),
      `DELETE FROM "Run" WHERE "id" = 'run-b'`,
    );
    const text = await exported(other);
    expect(problemsOf(text, other)).toEqual([]);
    expect(verified(text, { key: other.key, witness }).problems).toEqual([
      { run: null, sequence: 3, problem: 'the record is missing: the earlier export names 3 records' },
      {
        run: 'run-b',
        sequence: null,
        problem: 'the run is missing: the earlier export names 3 of its records',
      },
    ]);
  } finally {
    await other.close();
  }
});

test('ten thousand records are verified in seconds, and one changed among them is named', () => {
  const { key } = audit;
  const lines = largeExport(100, 100, key);
  const startedAt = performance.now();
  expect(verified(`${lines.join('\n')}\n`, { key })).toMatchObject({
    ok: true,
    records: 10_000,
    anchors: 100,
  });
  expect(performance.now() - startedAt).toBeLessThan(20_000);
  const at = lines.findIndex((line) => line.includes('"runId":"run-000042","sequence":7,'));
  const changed = lines.with(at, lines[at]!.replace('allow', 'deny'));
  expect(problemsOf(`${changed.join('\n')}\n`, { key })).toEqual([
    'run-000042 7 it was changed after it was written',
    '- - the export was changed after it was written',
  ]);
});
