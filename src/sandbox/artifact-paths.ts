/** The header that carries a pass. */
export const PASS_HEADER = 'gatehouse-pass';

/** What one request to the artifact endpoint is about. The hash is that of the body that comes or is wanted. */
export type ArtifactPath = { kind: 'artifact' | 'batch'; hash: string };

const PREFIX = { artifact: '/v1/artifacts/', batch: '/v1/artifact-batches/' } as const;

export function pathOf({ kind, hash }: ArtifactPath): string {
  return PREFIX[kind] + hash;
}

/** Null for anything but exactly such a path: nothing is decoded, joined or normalised. */
export function readPath(path: string | undefined): ArtifactPath | null {
  const [, folder, hash] = /^\/v1\/(artifacts|artifact-batches)\/([0-9a-f]{64})$/.exec(path ?? '') ?? [];
  if (!folder || !hash) return null;
  return { kind: folder === 'artifacts' ? 'artifact' : 'batch', hash };
}
