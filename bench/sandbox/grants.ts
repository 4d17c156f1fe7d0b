import { createGrantMinter, createGrantVerifier } from '../../src/broker/grant';
import { makeKey } from '../../src/broker/keys';
import type { GrantClaims } from '../../src/domain/grant';
import { sha256 } from '../../src/domain/hashing';
import { percentile } from '../measure';
import type { Figure } from './figure';

const SAMPLES = 3_000;
const WARM_UP = 500;
/** What is promised for minting and verifying together, in milliseconds. */
const AT_MOST_MS = 0.3;

/** Minting a grant and verifying it, for a turn of one call and of eight. */
export async function grantCost(): Promise<Figure[]> {
  const gate = makeKey();
  const host = makeKey();
  const minter = createGrantMinter(gate);
  const verifier = createGrantVerifier({ publicKeys: [makeKey().publicKey, gate.publicKey] });
  return [1, 8].map((calls) => {
    const taken: number[] = [];
    for (let sample = -WARM_UP; sample < SAMPLES; sample++) {
      const claims = claimsOf(calls, sample + WARM_UP, host.thumbprint);
      const startedAt = performance.now();
      const token = minter.mint(claims);
      verifier.verify(token, { audience: 'activity', presenter: host.thumbprint, now: Date.now() });
      if (sample >= 0) taken.push(performance.now() - startedAt);
    }
    const p50 = percentile(taken, 0.5);
    return {
      what: `grant of ${calls === 1 ? 'one call' : `${calls} calls`}, minted and verified`,
      measured: `p50 ${p50.toFixed(3)} ms, p95 ${percentile(taken, 0.95).toFixed(3)} ms`,
      promised: `at most ${AT_MOST_MS} ms at p50`,
      isKept: p50 <= AT_MOST_MS,
    };
  });
}

function claimsOf(calls: number, number: number, thumbprint: string): GrantClaims {
  const iat = Math.floor(Date.now() / 1000);
  return {
    iss: 'gatehouse',
    sub: 'run-of-the-bench',
    aud: 'activity',
    jti: `grant-${number}`,
    iat,
    exp: iat + 60,
    cnf: { jkt: thumbprint },
    organization: 'local',
    snapshot: sha256('snapshot'),
    host: 'here',
    calls: Array.from({ length: calls }, (_, index) => ({
      id: `t${number}c${index + 1}`,
      tool: 'write-file',
      argsHash: sha256(`${number} ${index}`),
      effect: 'draft' as const,
    })),
  };
}
