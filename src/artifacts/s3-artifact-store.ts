import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import { damaged, MAX_ARTIFACT_BYTES, missing, requireName, tooLarge } from './artifact-errors';
import type { ServedArtifactStore } from './artifact-store';
import { stageFile } from './stage-file';

export interface S3ArtifactStoreOptions {
  bucket: string;
  /** Before each name, as `gatehouse/`. @default '' */
  prefix?: string;
  /** Of a server that is not Amazon's: `https://s3.internal:9000`. @default Amazon's own for the region */
  endpoint?: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Largest artifact in bytes, kept and read. @default 67_108_864 */
  maxBytes?: number;
}

/** How long one request may take, in milliseconds, and how often it is tried. */
const TIMEOUT_MS = 30_000;
const ATTEMPTS = 3;

/** Artifacts as objects of one bucket, named by their hash: `ab/abcdef…`, on anything that speaks S3. */
export function createS3ArtifactStore(options: S3ArtifactStoreOptions): ServedArtifactStore {
  const { bucket, prefix = '', endpoint, region, maxBytes = MAX_ARTIFACT_BYTES } = options;
  const { accessKeyId, secretAccessKey } = options;
  const client = new S3Client({
    region,
    endpoint,
    credentials: { accessKeyId, secretAccessKey },
    // Servers of one's own seldom answer to a host name for each bucket.
    forcePathStyle: endpoint !== undefined,
    maxAttempts: ATTEMPTS,
    // Newer checksums are not known everywhere; ours is the name.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const addressOf = (hash: string) => ({ Bucket: bucket, Key: `${prefix}${hash.slice(0, 2)}/${hash}` });
  const limit = () => ({ abortSignal: AbortSignal.timeout(TIMEOUT_MS) });

  return {
    async put(content) {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      if (bytes.byteLength > maxBytes) throw tooLarge(bytes.byteLength, maxBytes);
      const hash = sha256(bytes);
      try {
        if (!(await holdsWhole(hash, bytes.byteLength)))
          await client.send(
            new PutObjectCommand({ ...addressOf(hash), Body: bytes, ContentLength: bytes.byteLength }),
            limit(),
          );
      } catch (cause) {
        throw unavailable(cause);
      }
      return hash;
    },

    get,

    async stage(hash, content) {
      requireName(hash);
      // Its hash is known at the end only, and a bucket cannot rename.
      const path = join(tmpdir(), `gatehouse-artifact-${randomUUID()}`);
      const bytes = await stageFile(path, content, { hash, maxBytes });
      return {
        bytes,
        async keep() {
          try {
            const object = { ...addressOf(hash), Body: createReadStream(path), ContentLength: bytes };
            await client.send(new PutObjectCommand(object), limit());
          } catch (cause) {
            throw unavailable(cause);
          } finally {
            await rm(path, { force: true });
          }
        },
        discard: () => rm(path, { force: true }),
      };
    },

    async open(hash) {
      const bytes = await get(hash);
      return { bytes: bytes.byteLength, content: Readable.from([bytes]) };
    },
  };

  async function get(hash: string): Promise<Uint8Array> {
    requireName(hash);
    const bytes = await read(hash);
    if (sha256(bytes) !== hash) throw damaged(hash);
    return bytes;
  }

  async function holdsWhole(hash: string, length: number): Promise<boolean> {
    try {
      const { ContentLength } = await client.send(new HeadObjectCommand(addressOf(hash)), limit());
      return ContentLength === length;
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  }

  async function read(hash: string): Promise<Uint8Array> {
    try {
      const { Body, ContentLength = 0 } = await client.send(new GetObjectCommand(addressOf(hash)), limit());
      // What is larger than anything that was put here is no artifact, and is not taken into memory.
      if (ContentLength > maxBytes) throw damaged(hash);
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    } catch (cause) {
      if (cause instanceof GatehouseError) throw cause;
      throw isAbsent(cause) ? missing(hash, cause) : unavailable(cause);
    }
  }
}

function isAbsent(error: unknown): boolean {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  // A bucket that is not there is a mistake in the settings, not a missing artifact.
  return name !== 'NoSuchBucket' && $metadata?.httpStatusCode === 404;
}

function unavailable(cause: unknown): GatehouseError {
  return new GatehouseError(
    'artifact-store-unavailable',
    'the artifact store cannot be reached; look at its endpoint, bucket and credentials',
    { cause },
  );
}
