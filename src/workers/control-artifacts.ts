import type { Logger } from 'pino';
import type { ServedArtifactStore } from '../artifacts/artifact-store';
import { createPassVerifier } from '../broker/artifact-pass';
import { watchOwnGrantKeys } from '../broker/grant-keys';
import type { ControlConfig } from '../config';
import type { Endpoint } from '../sandbox/endpoint';
import type { ArtifactAccess } from '../store/artifact-access';
import { type ArtifactEndpointOptions, startArtifactEndpoint } from './artifact-endpoint';
import { artifactsAt } from './artifact-settings';

export interface ControlArtifactsOptions extends Pick<ArtifactEndpointOptions, 'presenters'> {
  config: ControlConfig;
  store: ServedArtifactStore;
  access: ArtifactAccess;
  logger: Pick<Logger, 'warn' | 'error'>;
}

/** The artifact endpoint of a control worker, listening. @throws GatehouseError `artifact-endpoint-…` */
export function startControlArtifacts({
  config,
  logger,
  ...parts
}: ControlArtifactsOptions): Promise<Endpoint> {
  const failed = (message: string, cause: unknown) => logger.error({ err: cause }, message);
  return startArtifactEndpoint({
    ...artifactsAt(config),
    ...parts,
    passes: createPassVerifier({ find: watchOwnGrantKeys(config.GATEHOUSE_GRANT_KEY, failed) }),
    log: (message, cause) => logger.warn({ err: cause }, message),
  });
}
