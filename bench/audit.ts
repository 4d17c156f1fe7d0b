/** How fast an export of the audit is verified, and in how much memory. */
import { AuditVerifier } from '../src/audit/verify-export';
import { makeKey } from '../src/broker/keys';
import { largeExport } from '../test/audit/large-export';

const key = makeKey();
for (const runs of [100, 1_000]) {
  const lines = largeExport(runs, 100, key);
  const startedAt = performance.now();
  const verifier = new AuditVerifier([key.publicKey]);
  for (const line of lines) verifier.take(line);
  const { ok, records, anchors } = verifier.end();
  const seconds = (performance.now() - startedAt) / 1_000;
  if (!ok) throw new Error('the export should be whole');
  console.log(
    `${records} records, ${anchors} anchors: ${seconds.toFixed(2)} s, ${Math.round(records / seconds)} records/s`,
  );
}
