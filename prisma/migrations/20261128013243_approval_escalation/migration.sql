-- AlterTable
ALTER TABLE "Approval" ADD COLUMN     "escalatedTo" TEXT;
