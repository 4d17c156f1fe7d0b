import type { ArtifactStore } from '../src/artifacts/artifact-store';
import { canonicalJson } from '../src/domain/canonical-json';
import type { ArchiveInput, ArchiveResult } from '../src/domain/steps';
import { toFailure } from './failures';

/** Moves transcript entries into the artifact store before a run continues as new. Idempotent: content names itself. */
export const createArchive = ({ artifacts }: { artifacts: ArtifactStore }) => ({
  async archive({ entries }: ArchiveInput): Promise<ArchiveResult> {
    try {
      return { artifacts: await Promise.all(entries.map((entry) => artifacts.put(canonicalJson(entry)))) };
    } catch (error) {
      throw toFailure(error);
    }
  },
});
