import { createBroker } from '../../../src/broker/broker';
import type { Offer } from '../../../src/broker/broker-file';
import { createGrantMinter, createGrantVerifier } from '../../../src/broker/grant';
import type { Issuer } from '../../../src/broker/issuers/issuer';
import { makeKey } from '../../../src/broker/keys';
import { canonicalJson } from '../../../src/domain/canonical-json';
import type { CredentialScope } from '../../../src/domain/credential';
import { GRANT_LIFETIME_S, type GrantClaims } from '../../../src/domain/grant';
import { sha256 } from '../../../src/domain/hashing';
import { createCredentialStore } from '../../../src/store/credential-store';
import { createGateStore } from '../../../src/store/gate-store';
import { AT, allowed, gateCommit, type StoreFixture } from '../../store/fixture';

export const SECRET = 'Zx7Qm4Lw9Vb2Kt6Np3Rd8';

/** A provider that tells what it was asked, and fails or waits as it is told to. */
export function createSpyProvider() {
  const spy = {
    issued: [] as string[],
    revoked: [] as { handle: string; knewSecret: boolean }[],
    failure: null as Error | null,
    beforeIssue: async () => {},
  };
  const issuer: Issuer = {
    provider: 'spy',
    async issue({ handle }) {
      await spy.beforeIssue();
      spy.issued.push(handle);
      if (spy.failure) throw spy.failure;
      return { env: { SPY_TOKEN: SECRET }, files: {}, secrets: [SECRET] };
    },
    async revoke(handle, material) {
      spy.revoked.push({ handle, knewSecret: material !== null });
      return 'revoked';
    },
  };
  return { ...spy, spy, issuer };
}

const offerOf = (scope: CredentialScope): Offer => ({
  account: 'dev',
  role: 'reader',
  scope,
  organizations: ['local'],
  minutes: 15,
  issuer: { kind: 'static', env: {} },
});

export type Desk = ReturnType<typeof openDesk>;

/** A broker over a real database, with the gate's key and a provider that can be watched. */
export function openDesk({ database, snapshot }: Pick<StoreFixture, 'database' | 'snapshot'>) {
  const gate = makeKey();
  const host = makeKey();
  const runner = makeKey();
  const { spy, issuer } = createSpyProvider();
  const minter = createGrantMinter(gate);
  const logged: string[] = [];
  let clockMs = 0;
  const now = () => Date.now() + clockMs;
  const parts = {
    offers: [offerOf('read'), offerOf('write')],
    issuerOf: () => issuer,
    records: createCredentialStore(database, now),
    verifier: createGrantVerifier({ publicKeys: [gate.publicKey] }),
    presenters: { runner: runner.thumbprint, sandboxes: new Set([host.thumbprint]) },
    now,
    log: (message: string, cause: unknown) => void logged.push(`${message} ${String(cause)}`),
  };
  let counter = 0;

  /** A call of `cloud-credentials` that the gate has recorded as granted, and what presents it. */
  async function ask(
    runId: string,
    {
      args = { account: 'dev', role: 'reader', scope: 'read' },
      tool = 'cloud-credentials',
      effect = 'draft',
      isRecorded = true,
      claims = {},
    }: {
      args?: object;
      tool?: string;
      effect?: 'draft' | 'production' | 'read';
      isRecorded?: boolean;
      claims?: Partial<GrantClaims>;
    } = {},
  ) {
    const call = { id: `call-${++counter}`, tool, args: canonicalJson(args) };
    if (isRecorded)
      await createGateStore(database).commit(
        gateCommit(runId, snapshot, {
          step: counter,
          calls: [
            {
              proposed: call,
              gated: { ...allowed(call.id, snapshot), call, isRead: false, use: 'credentialRequest' },
            },
          ],
          firstSequence: counter,
          grantedCallIds: [call.id],
          at: AT + counter,
        }),
      );
    const aud = claims.aud ?? 'activity';
    const iat = Math.floor(now() / 1000);
    const grant = minter.mint({
      iss: 'gatehouse',
      sub: runId,
      aud,
      jti: `grant-${counter}`,
      iat,
      exp: iat + GRANT_LIFETIME_S[aud],
      cnf: { jkt: aud === 'channel' ? runner.thumbprint : host.thumbprint },
      organization: 'local',
      snapshot,
      host: 'here',
      calls: [{ id: call.id, tool, argsHash: sha256(call.args), effect }],
      ...claims,
    });
    return { grant, call, presenter: host.thumbprint };
  }

  return {
    broker: createBroker(parts),
    /** As after a restart of the control worker. */
    anotherBroker: (changes: Partial<typeof parts> = {}) => createBroker({ ...parts, ...changes }),
    spy,
    host,
    runner,
    logged,
    ask,
    passTime: (ms: number) => {
      clockMs += ms;
    },
  };
}
