import { createCommands } from '../commands/commands';
import { vouchingSigner } from '../identity/word-signer';
import type { ApiDependencies, VouchingDependencies } from './dependencies';

/**
 * Commands for whoever was authenticated: of their organization alone, and signed for them with the API's key.
 *
 * INVARIANT: this is the only way from a request to the stores, so that no route can reach another organization.
 */
export const createCommandsOf =
  ({ stores, temporal, apiKey }: VouchingDependencies): ApiDependencies['commandsOf'] =>
  (caller) =>
    createCommands({
      ...stores,
      temporal,
      organizationId: caller.organizationId,
      signer: vouchingSigner(caller, apiKey),
    });
