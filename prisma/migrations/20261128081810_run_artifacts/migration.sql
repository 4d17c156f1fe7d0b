-- CreateTable
CREATE TABLE "RunArtifact" (
    "runId" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "RunArtifact_pkey" PRIMARY KEY ("runId","hash")
);

-- CreateTable
CREATE TABLE "RunArtifactUse" (
    "runId" TEXT NOT NULL,
    "bytes" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "RunArtifactUse_pkey" PRIMARY KEY ("runId")
);

-- AddForeignKey
ALTER TABLE "RunArtifact" ADD CONSTRAINT "RunArtifact_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RunArtifactUse" ADD CONSTRAINT "RunArtifactUse_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- Runs that are open now go on: the snapshot they are pinned to, and the script of a scripted model, are theirs.
INSERT INTO "RunArtifact" ("runId", "hash")
SELECT r."id", r."snapshotId" FROM "Run" r WHERE r."endedAt" IS NULL AND r."snapshotId" IS NOT NULL
UNION
SELECT r."id", substring((s."content"::json ->> 'model') FROM '^scripted:.+@([0-9a-f]{64})$')
FROM "Run" r JOIN "PolicySnapshot" s ON s."id" = r."snapshotId"
WHERE r."endedAt" IS NULL AND (s."content"::json ->> 'model') ~ '^scripted:.+@[0-9a-f]{64}$';
