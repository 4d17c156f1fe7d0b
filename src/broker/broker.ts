import { randomBytes } from 'node:crypto';
import type { CanonicalCall } from '../domain/call';
import { type JsonValue, parseStrictJson } from '../domain/canonical-json';
import {
  type CredentialMaterial,
  type CredentialNeed,
  EFFECT_OF_SCOPE,
  type IssuedCredential,
  mayUse,
} from '../domain/credential';
import { LOWEST_TIER } from '../domain/effect';
import { GatehouseError } from '../domain/errors';
import type { GrantClaims } from '../domain/grant';
import { sha256 } from '../domain/hashing';
import { isAllowed, normalizeToolName } from '../domain/permissions';
import { CREDENTIALS_TOOL, credentialArguments } from '../tools/credentials';
import { type Offer, offerFor } from './broker-file';
import type {
  CredentialRecords,
  CredentialRequest,
  LiveCredential,
  RequestFacts,
} from './credential-records';
import type { GrantVerifier } from './grant';
import type { Issued, Issuer } from './issuers/issuer';
import { deliveredBy } from './proxy-delivery';

export interface BrokerDependencies {
  offers: readonly Offer[];
  issuerOf(options: Offer['issuer']): Issuer;
  records: CredentialRecords;
  /** Of the keys that control itself signs grants with. */
  verifier: GrantVerifier;
  /** RFC 7638 thumbprints of the keys that may present grants. */
  presenters: { runner: string; sandboxes: ReadonlySet<string> };
  now(): number;
  /** Internal causes; never with a secret. */
  log(message: string, cause: unknown): void;
}

/** Whoever asks has proven to hold a key. */
export interface Presented {
  grant: string;
  /** RFC 7638 thumbprint. */
  presenter: string;
}

/** What a host gets back of what a run holds. */
export interface Redeemed {
  credentials: IssuedCredential[];
  /** What nobody holds the secrets of any more: it was revoked, and is to be asked for again. */
  gone: Omit<IssuedCredential, 'material'>[];
}

/** Stands between runs and the providers of credentials. Secrets are in its memory, in no record and no log. */
export interface Broker {
  /**
   * Issues credentials for a granted call, once: of `cloud-credentials`, or of a tool that declares that it needs them.
   *
   * @throws GatehouseError `grant-…`, `credential-…`
   */
  issue(request: Presented & { call: CanonicalCall }): Promise<IssuedCredential>;
  /**
   * Hands what a run holds to the host that executes it, which has forgotten it or never knew.
   *
   * @throws GatehouseError `grant-…`
   */
  redeem(request: Presented): Promise<Redeemed>;
  /**
   * Ends what was issued for the calls of this grant alone.
   *
   * @throws GatehouseError `grant-…`
   */
  release(request: Presented): Promise<void>;
  /** Revokes what a run holds; what cannot be revoked now is tried again by {@link sweep}. */
  revokeRun(run: { runId: string; organizationId: string }): Promise<void>;
  /**
   * Revokes what is over.
   *
   * @param isAlive whether a run that has not ended is still there
   */
  sweep(isAlive: (runId: string) => Promise<boolean>): Promise<void>;
}

/** How long a provider may take, in milliseconds. */
const PROVIDER_TIMEOUT_MS = 10_000;

export function createBroker(dependencies: BrokerDependencies): Broker {
  const { offers, records, verifier, presenters, now, log } = dependencies;
  const issuers = new Map(offers.map((offer) => [offer, dependencies.issuerOf(offer.issuer)]));
  /** By handle: what is live, and was issued by this process. */
  const held = new Map<string, CredentialMaterial>();

  function requireHost(presenter: string): void {
    if (!presenters.sandboxes.has(presenter))
      throw new GatehouseError('presenter-unknown', 'the key that asks is not of a sandbox host known here');
  }

  /** The request that a grant is for, read from the very bytes whose hash it holds. */
  async function requestOf(claims: GrantClaims, call: CanonicalCall): Promise<CredentialRequest> {
    const granted = claims.calls.find(({ id }) => id === call.id);
    if (!granted || granted.tool !== call.tool)
      throw refused('not-granted', 'the grant is not for credentials');
    if (granted.argsHash !== sha256(call.args))
      throw refused('not-granted', 'the grant is for other credentials');
    const run = { runId: claims.sub, organizationId: claims.organization };
    const need = call.tool === CREDENTIALS_TOOL ? needIn(call.args) : await records.needOf(run, call.tool);
    if (!need) throw refused('not-granted', 'the grant is not for credentials');
    const { effect } = granted;
    const suits =
      call.tool === CREDENTIALS_TOOL ? effect === EFFECT_OF_SCOPE[need.scope] : mayUse(effect, need.scope);
    if (!suits) throw refused('not-granted', `credentials to ${need.scope} are not of effect \`${effect}\``);
    return { ...run, ...need, callId: call.id, tool: call.tool, args: call.args, effect };
  }

  function requireOffer(request: CredentialRequest, { agent }: RequestFacts): Offer {
    const { account, role, scope, organizationId: organization } = request;
    const offer = offerFor(offers, { organization, agent, account, role, scope });
    if (offer) return offer;
    throw refused(
      'not-offered',
      `no credentials to ${scope} are offered here for the account \`${account}\` and the role \`${role}\``,
    );
  }

  async function issue({
    grant,
    presenter,
    call,
  }: Parameters<Broker['issue']>[0]): Promise<IssuedCredential> {
    requireHost(presenter);
    const claims = verifier.verify(grant, { audience: 'activity', presenter, now: now() });
    const request = await requestOf(claims, call);
    let reserved: LiveCredential;
    let offer: Offer;
    try {
      reserved = await records.reserve(request, (facts) => {
        requireOpen(request, facts);
        offer = requireOffer(request, facts);
        const { account, role, scope } = request;
        const handle = `cred-${randomBytes(8).toString('hex')}`;
        const provider = issuers.get(offer)?.provider ?? offer.issuer.kind;
        return {
          handle,
          provider,
          account,
          role,
          scope,
          expiresAt: now() + offer.minutes * 60_000,
          isForCall: request.tool !== CREDENTIALS_TOOL,
          presenter,
        };
      });
    } catch (error) {
      if (error instanceof GatehouseError && error.code.startsWith('credential-'))
        await records.refused(request, error.code);
      throw error;
    }
    return issueReserved(request, reserved, offer!);
  }

  async function issueReserved(
    request: CredentialRequest,
    reserved: LiveCredential,
    offer: Offer,
  ): Promise<IssuedCredential> {
    const { handle, scope } = reserved;
    const issuer = issuers.get(offer) as Issuer;
    let issued: Issued;
    try {
      issued = await issuer.issue({ handle, scope, expiresAt: reserved.expiresAt, signal: timeout() });
    } catch (cause) {
      log(`no credentials from ${issuer.provider} for call ${request.callId} of run ${request.runId}`, cause);
      await records.refused(request, 'credential-provider-failed');
      await end(reserved);
      throw new GatehouseError(
        'credential-provider-failed',
        `the provider of \`${reserved.account}\` did not issue credentials; an operator finds the reason in the control worker's log`,
        { cause },
      );
    }
    const { expiresAt = reserved.expiresAt, ...material } = issued;
    const live = { ...reserved, expiresAt: Math.min(expiresAt, reserved.expiresAt) };
    held.set(handle, material);
    if (await records.issued(live)) return { ...viewOf(live), material: deliveredBy(offer.proxy, material) };
    await end(live);
    throw refused('run-ended', 'the run has ended; credentials are not issued any more');
  }

  async function redeem({ grant, presenter }: Presented): Promise<Redeemed> {
    requireHost(presenter);
    const { claims, isForReading } = openFor(grant, presenter);
    const known = await records.ofOpenRun({ runId: claims.sub, organizationId: claims.organization });
    // A grant for reading proves less: it is bound to the runner's key, and comes by way of the host.
    const mine = known.filter((each) => !isForReading || each.presenter === presenter);
    const redeemed: Redeemed = { credentials: [], gone: [] };
    const handedOut: LiveCredential[] = [];
    for (const credential of mine) {
      if (credential.expiresAt <= now()) continue;
      const material = await materialOf(credential);
      if (!material) {
        await end(credential);
        redeemed.gone.push(viewOf(credential));
        continue;
      }
      handedOut.push(credential);
      redeemed.credentials.push({
        ...viewOf(credential),
        material: deliveredBy(offerOf(credential)?.proxy, material),
      });
    }
    await records.redeemed(handedOut, { callId: claims.calls[0]?.id ?? '', presenter });
    return redeemed;
  }

  function openFor(grant: string, presenter: string): { claims: GrantClaims; isForReading: boolean } {
    try {
      // Expired too: what a call started goes on.
      return {
        ...verifier.open(grant, { audience: 'activity', presenter, now: now() }),
        isForReading: false,
      };
    } catch (error) {
      if (!(error instanceof GatehouseError && error.code === 'grant-wrong-audience')) throw error;
      const expectation = { audience: 'channel', presenter: presenters.runner, now: now() } as const;
      return { ...verifier.open(grant, expectation), isForReading: true };
    }
  }

  async function materialOf(credential: LiveCredential): Promise<CredentialMaterial | null> {
    const known = held.get(credential.handle);
    const issuer = issuerFor(credential);
    if (known || !issuer?.isRepeatable) return known ?? null;
    const { handle, scope, expiresAt } = credential;
    const { expiresAt: _end, ...material } = await issuer.issue({
      handle,
      scope,
      expiresAt,
      signal: timeout(),
    });
    held.set(handle, material);
    return material;
  }

  function offerOf(credential: LiveCredential): Offer | undefined {
    return offerFor(offers, { ...credential, organization: credential.organizationId });
  }

  function issuerFor(credential: LiveCredential): Issuer | undefined {
    const offer = offerOf(credential);
    return offer && issuers.get(offer);
  }

  async function release({ grant, presenter }: Presented): Promise<void> {
    requireHost(presenter);
    // Expired too: it is after a call that its credentials are over.
    const { claims } = verifier.open(grant, { audience: 'activity', presenter, now: now() });
    const held = await records.ofRun({ runId: claims.sub, organizationId: claims.organization });
    const isOver = ({ isForCall, callId }: LiveCredential) =>
      isForCall && claims.calls.some(({ id }) => id === callId);
    await Promise.all(held.filter(isOver).map(end));
  }

  /** What the provider does not revoke now stays live in the records, for the next sweep. */
  async function end(credential: LiveCredential): Promise<void> {
    const { handle, runId } = credential;
    try {
      const issuer = issuerFor(credential);
      const how = (await issuer?.revoke(handle, held.get(handle) ?? null, timeout())) ?? 'until-expiry';
      await records.revoked(credential, how);
      held.delete(handle);
    } catch (cause) {
      log(`credential ${handle} of run ${runId} could not be revoked; it is tried again`, cause);
    }
  }

  return {
    issue,
    redeem,
    release,
    async revokeRun(run) {
      await Promise.all((await records.ofRun(run)).map(end));
    },
    async sweep(isAlive) {
      for (const credential of await records.due()) await end(credential);
      for (const run of await records.holders())
        if (!(await isAlive(run.runId))) await Promise.all((await records.ofRun(run)).map(end));
    },
  };
}

function needIn(args: string): CredentialNeed {
  const value: JsonValue = parseStrictJson(args);
  return credentialArguments.parse(value);
}

/** What the gate has judged is looked at again: whoever can make it wrong must deceive two. */
function requireOpen({ tool, scope, effect }: CredentialRequest, facts: RequestFacts): void {
  const { tier, deniedTools, allowed } = facts.permissions;
  if (facts.hasEnded) throw refused('run-ended', 'the run has ended; credentials are not issued any more');
  if (facts.isHalted) throw refused('run-halted', 'the run is halted; no credentials are issued');
  if (!facts.isGranted) throw refused('not-granted', 'the gate has no record that it granted this call');
  if (facts.isRedeemed) throw refused('redeemed', 'credentials were issued for this call before; ask anew');
  const isOpen =
    tier >= LOWEST_TIER[effect] &&
    isAllowed(allowed, tool) &&
    !deniedTools.some((name) =>
      [CREDENTIALS_TOOL, normalizeToolName(tool)].includes(normalizeToolName(name)),
    );
  if (!isOpen) throw refused('not-permitted', `this agent may have no credentials to ${scope}`);
  if (facts.issued >= facts.limit)
    throw refused('budget-exceeded', `the run has used its budget of ${facts.limit} credential requests`);
}

function viewOf(credential: LiveCredential): Omit<IssuedCredential, 'material'> {
  const { handle, provider, account, role, scope, expiresAt, callId, isForCall } = credential;
  return { handle, provider, account, role, scope, expiresAt, callId, isForCall };
}

function timeout(): AbortSignal {
  return AbortSignal.timeout(PROVIDER_TIMEOUT_MS);
}

function refused(code: string, message: string): GatehouseError {
  return new GatehouseError(`credential-${code}`, message);
}
