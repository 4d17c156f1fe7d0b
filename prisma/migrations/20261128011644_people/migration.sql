-- AlterTable
ALTER TABLE "Agent" ADD COLUMN     "halt" "Halt" NOT NULL DEFAULT 'none';

-- AlterTable
ALTER TABLE "ApiKey" ADD COLUMN     "person" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "scopes" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "Organization" ADD COLUMN     "auditHash" TEXT NOT NULL DEFAULT '',
ADD COLUMN     "auditLength" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "people" JSON NOT NULL DEFAULT '{}';

-- CreateTable
CREATE TABLE "Person" (
    "organizationId" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "roles" TEXT[],
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "disabledAt" TIMESTAMPTZ(3),

    CONSTRAINT "Person_pkey" PRIMARY KEY ("organizationId","name")
);

-- CreateTable
CREATE TABLE "PersonKey" (
    "thumbprint" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "person" TEXT NOT NULL,
    "publicKey" JSON NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revokedAt" TIMESTAMPTZ(3),

    CONSTRAINT "PersonKey_pkey" PRIMARY KEY ("thumbprint")
);

-- CreateTable
CREATE TABLE "Session" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "person" TEXT NOT NULL,
    "roles" TEXT[],
    "scopes" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "StandingApproval" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "runId" TEXT NOT NULL,
    "approvalId" TEXT NOT NULL,
    "tool" TEXT NOT NULL,
    "action" JSON NOT NULL,
    "by" TEXT[],
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revokedAt" TIMESTAMPTZ(3),
    "revokedBy" TEXT,

    CONSTRAINT "StandingApproval_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "OrganizationAuditRecord" (
    "organizationId" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "previousHash" TEXT NOT NULL,
    "hash" TEXT NOT NULL,

    CONSTRAINT "OrganizationAuditRecord_pkey" PRIMARY KEY ("organizationId","sequence")
);

-- CreateIndex
CREATE INDEX "PersonKey_organizationId_person_idx" ON "PersonKey"("organizationId", "person");

-- CreateIndex
CREATE INDEX "Session_organizationId_idx" ON "Session"("organizationId");

-- CreateIndex
CREATE INDEX "Session_expiresAt_idx" ON "Session"("expiresAt");

-- CreateIndex
CREATE INDEX "StandingApproval_organizationId_idx" ON "StandingApproval"("organizationId");

-- CreateIndex
CREATE UNIQUE INDEX "StandingApproval_runId_approvalId_key" ON "StandingApproval"("runId", "approvalId");

-- CreateIndex
CREATE UNIQUE INDEX "OrganizationAuditRecord_organizationId_key_key" ON "OrganizationAuditRecord"("organizationId", "key");

-- AddForeignKey
ALTER TABLE "Person" ADD CONSTRAINT "Person_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "Organization"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PersonKey" ADD CONSTRAINT "PersonKey_organizationId_person_fkey" FOREIGN KEY ("organizationId", "person") REFERENCES "Person"("organizationId", "name") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "Organization"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "StandingApproval" ADD CONSTRAINT "StandingApproval_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "OrganizationAuditRecord" ADD CONSTRAINT "OrganizationAuditRecord_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "Organization"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What Prisma's schema cannot say: these records are only ever added too.
CREATE TRIGGER "OrganizationAuditRecord_no_change" BEFORE UPDATE OR DELETE ON "OrganizationAuditRecord"
  FOR EACH ROW EXECUTE FUNCTION "refuse_audit_change"();

CREATE TRIGGER "OrganizationAuditRecord_no_truncate" BEFORE TRUNCATE ON "OrganizationAuditRecord"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_audit_change"();

-- Tells listeners, once the transaction is committed, up to which event of which run there is something to read.
CREATE FUNCTION "tell_run_events"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('gatehouse_events', json_build_object(
      'organizationId', "organizationId", 'runId', "runId", 'sequence', max("sequence"))::text)
    FROM added GROUP BY "organizationId", "runId";
  RETURN NULL;
END;
$$;

CREATE TRIGGER "RunEvent_tell" AFTER INSERT ON "RunEvent"
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION "tell_run_events"();

-- The local key that is there already may do what it could.
UPDATE "ApiKey" SET "person" = "name", "scopes" = ARRAY['admin'] WHERE "name" = 'local';
