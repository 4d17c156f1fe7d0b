-- CreateEnum
CREATE TYPE "BreakGlassScope" AS ENUM ('organization', 'agent', 'run');

-- CreateTable
CREATE TABLE "BreakGlass" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "person" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "scope" "BreakGlassScope" NOT NULL,
    "target" TEXT NOT NULL DEFAULT '',
    "durationMs" INTEGER NOT NULL,
    "requestedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "confirmUntil" TIMESTAMPTZ(3) NOT NULL,
    "confirmedBy" TEXT,
    "confirmedAt" TIMESTAMPTZ(3),
    "expiresAt" TIMESTAMPTZ(3),
    "endedAt" TIMESTAMPTZ(3),
    "endedBy" TEXT,

    CONSTRAINT "BreakGlass_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "BreakGlass_organizationId_requestedAt_idx" ON "BreakGlass"("organizationId", "requestedAt" DESC);

-- AddForeignKey
ALTER TABLE "BreakGlass" ADD CONSTRAINT "BreakGlass_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "Organization"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
