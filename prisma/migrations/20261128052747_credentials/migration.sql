-- CreateEnum
CREATE TYPE "CredentialScope" AS ENUM ('read', 'write');

-- CreateEnum
CREATE TYPE "CredentialStatus" AS ENUM ('issuing', 'issued', 'revoked', 'lapsed');

-- CreateTable
CREATE TABLE "Credential" (
    "handle" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "runId" TEXT NOT NULL,
    "callId" TEXT NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "provider" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "scope" "CredentialScope" NOT NULL,
    "status" "CredentialStatus" NOT NULL DEFAULT 'issuing',
    "presenter" TEXT NOT NULL,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "endedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Credential_pkey" PRIMARY KEY ("handle")
);

-- CreateIndex
CREATE INDEX "Credential_status_expiresAt_idx" ON "Credential"("status", "expiresAt");

-- CreateIndex
CREATE INDEX "Credential_organizationId_idx" ON "Credential"("organizationId");

-- CreateIndex
CREATE UNIQUE INDEX "Credential_runId_callId_key" ON "Credential"("runId", "callId");

-- CreateIndex
CREATE UNIQUE INDEX "Credential_runId_ordinal_key" ON "Credential"("runId", "ordinal");

-- AddForeignKey
ALTER TABLE "Credential" ADD CONSTRAINT "Credential_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
