-- CreateEnum
CREATE TYPE "PolicyMode" AS ENUM ('enforce', 'observe');

-- AlterTable
ALTER TABLE "Organization" ADD COLUMN     "policyMode" "PolicyMode" NOT NULL DEFAULT 'enforce';

-- CreateTable
CREATE TABLE "RateUse" (
    "windowKey" TEXT NOT NULL,
    "runId" TEXT NOT NULL,
    "callId" TEXT NOT NULL,
    "takenAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "RateUse_pkey" PRIMARY KEY ("windowKey","runId","callId")
);

-- CreateIndex
CREATE INDEX "RateUse_windowKey_takenAt_idx" ON "RateUse"("windowKey", "takenAt");
