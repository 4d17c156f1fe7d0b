-- AlterTable
ALTER TABLE "Run" ADD COLUMN     "anchoredLength" INTEGER NOT NULL DEFAULT 0;
