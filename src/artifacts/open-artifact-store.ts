import { GatehouseError } from '../domain/errors';
import type { ServedArtifactStore } from './artifact-store';
import { createLocalArtifactStore } from './local-artifact-store';

/** Where a process keeps artifacts, as its configuration says it. */
export interface ArtifactSettings {
  /** A folder, or `s3://bucket/prefix`. */
  GATEHOUSE_ARTIFACTS: string;
  GATEHOUSE_S3_ENDPOINT?: string;
  GATEHOUSE_S3_REGION: string;
  GATEHOUSE_S3_ACCESS_KEY_ID?: string;
  GATEHOUSE_S3_SECRET_ACCESS_KEY?: string;
}

/** @throws GatehouseError `artifacts-misconfigured` */
export function openArtifactStore(settings: ArtifactSettings): ServedArtifactStore {
  const { GATEHOUSE_ARTIFACTS: place } = settings;
  if (!place.startsWith('s3:')) return createLocalArtifactStore({ folder: place });
  const [, bucket, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,62})(?:\/(.*))?$/.exec(place) ?? [];
  const { GATEHOUSE_S3_ACCESS_KEY_ID: accessKeyId, GATEHOUSE_S3_SECRET_ACCESS_KEY: secretAccessKey } =
    settings;
  if (!bucket) throw misconfigured('`GATEHOUSE_ARTIFACTS` is not of the form `s3://bucket/prefix`');
  if (!accessKeyId || !secretAccessKey)
    throw misconfigured(
      '`GATEHOUSE_ARTIFACTS` names a bucket: set `GATEHOUSE_S3_ACCESS_KEY_ID` and `GATEHOUSE_S3_SECRET_ACCESS_KEY`',
    );
  // Loaded when needed: most processes have a folder.
  const { createS3ArtifactStore } = require('./s3-artifact-store') as typeof import('./s3-artifact-store');
  return createS3ArtifactStore({
    bucket,
    prefix: path === '' || path.endsWith('/') ? path : `${path}/`,
    endpoint: settings.GATEHOUSE_S3_ENDPOINT,
    region: settings.GATEHOUSE_S3_REGION,
    accessKeyId,
    secretAccessKey,
  });
}

function misconfigured(message: string): GatehouseError {
  return new GatehouseError('artifacts-misconfigured', message);
}
