import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// Its parts, not its SandboxManager: that one is a single set of rules for the whole process, and every call has its own.
import {
  isValidAllowedDomainEntry,
  matchesDomainPatternWithPort,
} from '@anthropic-ai/sandbox-runtime/dist/sandbox/domain-pattern.js';
import { createHttpProxyServer } from '@anthropic-ai/sandbox-runtime/dist/sandbox/http-proxy.js';
import { canonicalizeHost, isValidHost } from '@anthropic-ai/sandbox-runtime/dist/sandbox/parent-proxy.js';
import { createResolvedAddressGuard } from '@anthropic-ai/sandbox-runtime/dist/sandbox/resolved-address-guard.js';

/** The way out of one sandboxed command. */
export interface Egress {
  /** Unix socket of the proxy. */
  socket: string;
  close(): Promise<void>;
}

/**
 * Opens a proxy that connects to these hosts only. A name that resolves to an address of this machine or of a private
 * network is refused, unless that address is on the list itself.
 */
export async function openEgress(
  hosts: readonly string[],
  onRefused: (host: string, port: number) => void = () => {},
): Promise<Egress> {
  const allowed = hosts.filter(isValidAllowedDomainEntry);
  const guard = createResolvedAddressGuard({ allowedDomains: allowed });
  const server = createHttpProxyServer({
    filter(port, host) {
      const canonical = isValidHost(host) ? canonicalizeHost(host) : undefined;
      const isAllowed =
        canonical !== undefined &&
        allowed.some((pattern) => matchesDomainPatternWithPort(canonical, port, pattern));
      if (!isAllowed) onRefused(host, port);
      return isAllowed;
    },
    lookupFor: (port) => guard.lookupFor(port),
  });
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-egress-'));
  const socket = join(folder, 'proxy.sock');
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socket, resolve);
    });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    socket,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
