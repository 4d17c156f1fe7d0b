import type { ArtifactStore } from '../src/artifacts/artifact-store';
import { canonicalJson } from '../src/domain/canonical-json';
import type { ArchiveInput, ArchiveResult } from '../src/domain/steps';
import type { ArtifactAccess } from '../src/store/artifact-access';
import { toFailure } from './failures';
import { ownWorkflowId } from './own-workflow';

/** Moves transcript entries into the artifact store before a run continues as new. Idempotent: content names itself. */
export const createArchive = ({
  artifacts,
  access,
}: {
  artifacts: ArtifactStore;
  access: Pick<ArtifactAccess, 'give'>;
}) => ({
  async archive({ runId, entries }: ArchiveInput): Promise<ArchiveResult> {
    try {
      const archived = await Promise.all(entries.map((entry) => artifacts.put(canonicalJson(entry))));
      // Before the run goes on: its runner reads them.
      await access.give(runId ?? ownWorkflowId().replace(/^run-/, ''), archived);
      return { artifacts: archived };
    } catch (error) {
      throw toFailure(error);
    }
  },
});
