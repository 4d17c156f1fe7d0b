import type { Readable } from 'node:stream';

/** Content by its hash: snapshots, whole outputs, changed files, archived transcript entries. */
export interface ArtifactStore {
  /**
   * Keeps content; the same content again is the same artifact.
   *
   * @returns hex sha-256 of the content (text as UTF-8)
   * @throws GatehouseError `artifact-too-large`, `artifact-store-unavailable`
   */
  put(content: string | Uint8Array): Promise<string>;
  /**
   * The content with this hash, checked against it.
   *
   * @throws GatehouseError `artifact-missing`, `artifact-damaged`, `artifact-name-malformed`,
   * `artifact-store-unavailable`
   */
  get(hash: string): Promise<Uint8Array>;
}

/** A store whose content comes and goes in pieces, for those who serve it to others. */
export interface ServedArtifactStore extends ArtifactStore {
  /**
   * Takes content in, beside what is kept.
   *
   * @throws GatehouseError `artifact-hash-wrong`, `artifact-too-large`, `artifact-store-unavailable`, or as the content
   */
  stage(hash: string, content: AsyncIterable<Uint8Array>): Promise<StagedArtifact>;
  /**
   * Opens an artifact, whose content was checked against its hash.
   *
   * @throws GatehouseError as {@link ArtifactStore.get}
   */
  open(hash: string): Promise<OpenedArtifact>;
}

export interface StagedArtifact {
  bytes: number;
  /** Takes as long whether the store has it already or not: who puts must not learn what others put. */
  keep(): Promise<void>;
  /** Does nothing once it is kept. */
  discard(): Promise<void>;
}

export interface OpenedArtifact {
  bytes: number;
  /** To be read to the end, or destroyed. */
  content: Readable;
}
