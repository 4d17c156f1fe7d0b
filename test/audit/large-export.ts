import { createHash } from 'node:crypto';
import { type ExportLine, exportLineText } from '../../src/audit/export-line';
import { publicJwk, type SigningKey } from '../../src/broker/keys';
import type { AuditHead } from '../../src/domain/audit-head';
import { sha256 } from '../../src/domain/hashing';
import { signAnchor } from '../../src/store/audit-anchor';
import { type AuditLink, chain, headAfter } from '../../src/store/audit-chain';
import { organizationChain } from '../../src/store/organization-audit';

const ORGANIZATION = 'large';
const AT = Date.UTC(2030, 0);

/** An export of that many runs with so many decisions each, every run anchored, without a database. */
export function largeExport(runs: number, recordsPerRun: number, key: SigningKey): string[] {
  const lines: string[] = [];
  const digest = createHash('sha256');
  const put = (line: ExportLine) => {
    const text = exportLineText(line);
    digest.update(`${text}\n`);
    lines.push(text);
  };
  put({
    type: 'header',
    format: 'gatehouse-audit',
    version: 1,
    organization: ORGANIZATION,
    exportedAt: AT,
    run: null,
    since: null,
    keys: [publicJwk(key.publicKey)],
  });
  const chains = Array.from({ length: runs }, (_, run) => {
    const runId = `run-${String(run).padStart(6, '0')}`;
    const links = chain(
      runId,
      { length: 0, hash: '' },
      Array.from({ length: recordsPerRun }, (_record, index) => decision(index + 1)),
    );
    return { runId, links, head: headAfter({ length: 0, hash: '' }, links) };
  });
  let organization: AuditHead = { length: 0, hash: '' };
  for (const { runId, head } of chains) {
    const place = {
      organizationId: ORGANIZATION,
      sequence: organization.length + 1,
      previousHash: organization.hash,
      at: AT,
    };
    const body = signAnchor(place, [{ runId, ...head }], key);
    const links = chain(organizationChain(ORGANIZATION), organization, [
      { key: '', kind: 'anchor', body, at: AT },
    ]);
    for (const link of links) put({ type: 'organization-record', ...stored(link) });
    organization = headAfter(organization, links);
  }
  put({ type: 'organization-head', ...organization });
  for (const { runId, links, head } of chains) {
    const about = {
      agent: 'demo',
      requestedBy: 'rita',
      status: 'COMPLETED',
      createdAt: AT,
      endedAt: AT,
    } as const;
    put({ type: 'run', runId, ...about, ...head });
    for (const link of links) put({ type: 'record', runId, ...stored(link) });
  }
  put({
    type: 'end',
    runs,
    records: runs * recordsPerRun,
    organizationRecords: runs,
    digest: digest.copy().digest('hex'),
  });
  return lines;
}

function decision(step: number) {
  const body = {
    step,
    turn: step,
    callId: `t${step}c1`,
    tool: 'read-file',
    argsHash: sha256(String(step)),
    verdict: 'allow',
    effect: 'read',
    marks: [],
    findings: ['allow tier/read'],
    errors: [],
    snapshot: sha256('snapshot'),
    currentSnapshot: sha256('snapshot'),
    isGranted: true,
  };
  return { key: '', kind: 'decision', body, at: AT + step };
}

function stored({ sequence, kind, bodyText, at, previousHash, hash }: AuditLink) {
  return { sequence, kind, body: bodyText, at, previousHash, hash };
}
