import { hostSharedServers, type SharedServersHost } from './shared-servers';

declare global {
  var gatehouseSharedServers: SharedServersHost | undefined;
}

export default async function globalSetup(): Promise<void> {
  globalThis.gatehouseSharedServers = await hostSharedServers();
  process.env.GATEHOUSE_TEST_STACK = globalThis.gatehouseSharedServers.socketPath;
}
