-- AlterTable
ALTER TABLE "Credential" ADD COLUMN     "isForCall" BOOLEAN NOT NULL DEFAULT false;
