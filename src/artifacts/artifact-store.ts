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
