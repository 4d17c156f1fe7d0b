/** Why a connection out of the sandbox was refused, each as it is told the model and shown to people. */
export const egressRefusals = {
  host: "it is not among the agent's hosts",
  port: "it is among the agent's hosts, but not at this port; an entry without a port means 443 and 80",
  metadata: 'it answers with credentials of the machine, and no list opens it',
  address: 'the name leads to this machine or a private network; list the address itself to allow it',
  misdirected: 'the request names another host than the one it was sent to',
  'hidden-name': 'the TLS client hides which host it asks for (ECH)',
  'not-tls': 'only TLS is spoken at this port; list the host with its port to allow other protocols',
  malformed: 'the name is not spelled plainly',
  cleartext: 'requests there carry a credential, and that is sent over HTTPS only',
} as const;

export type EgressRefusal = keyof typeof egressRefusals;

/** One connection that the sandbox of a call refused. */
export interface RefusedHost {
  callId: string;
  /** As the program named it. */
  host: string;
  port: number;
  /** Absent in what was recorded before it was kept. */
  reason?: EgressRefusal;
}

/** Most refused connections of one call that are told. */
export const MAX_REFUSED_OF_CALL = 20;

/**
 * What of a sandbox worker's word about refused connections is taken: its own calls', well formed, each once and not many.
 * The worker runs hostile programs, so nothing of it is taken on trust.
 */
export function believableRefusals(said: unknown, callIds: readonly string[]): RefusedHost[] {
  if (!Array.isArray(said)) return [];
  const taken = new Map<string, RefusedHost>();
  const ofCall = new Map<string, number>();
  for (const each of said.slice(0, MAX_REFUSED_OF_CALL * callIds.length)) {
    if (!isRefusedHost(each) || !callIds.includes(each.callId)) continue;
    const { callId, host, port, reason } = each;
    const key = `${callId} ${host}:${port}`;
    const count = ofCall.get(callId) ?? 0;
    if (taken.has(key) || count >= MAX_REFUSED_OF_CALL) continue;
    ofCall.set(callId, count + 1);
    taken.set(key, { callId, host, port, ...(reason && { reason }) });
  }
  return [...taken.values()];
}

function isRefusedHost(value: unknown): value is RefusedHost {
  if (typeof value !== 'object' || value === null) return false;
  const { callId, host, port, reason } = value as Record<string, unknown>;
  return (
    typeof callId === 'string' &&
    typeof host === 'string' &&
    host.length > 0 &&
    host.length <= MAX_HOST_LENGTH &&
    Number.isInteger(port) &&
    (port as number) >= 0 &&
    (port as number) <= 65_535 &&
    (reason === undefined || (typeof reason === 'string' && Object.hasOwn(egressRefusals, reason)))
  );
}

/** Of a name in DNS. */
export const MAX_HOST_LENGTH = 253;
