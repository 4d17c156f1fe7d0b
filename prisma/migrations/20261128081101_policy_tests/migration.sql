-- CreateTable
CREATE TABLE "CustomPolicyTests" (
    "policyId" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "sequence" INTEGER NOT NULL,
    "organizationId" TEXT NOT NULL,
    "tests" TEXT NOT NULL,
    "publishedBy" TEXT NOT NULL,
    "publishedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "CustomPolicyTests_pkey" PRIMARY KEY ("policyId","version","sequence")
);

-- AddForeignKey
ALTER TABLE "CustomPolicyTests" ADD CONSTRAINT "CustomPolicyTests_policyId_version_fkey" FOREIGN KEY ("policyId", "version") REFERENCES "CustomPolicyVersion"("policyId", "version") ON DELETE RESTRICT ON UPDATE CASCADE;
