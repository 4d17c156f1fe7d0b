-- AlterTable
ALTER TABLE "Session" ADD COLUMN     "apiKeyId" TEXT;

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_apiKeyId_fkey" FOREIGN KEY ("apiKeyId") REFERENCES "ApiKey"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- Which key an older session was begun with is not known, so that a revoked one could not end it: people log in again.
DELETE FROM "Session";
