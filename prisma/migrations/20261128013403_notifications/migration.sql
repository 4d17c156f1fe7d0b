-- CreateEnum
CREATE TYPE "WebhookKind" AS ENUM ('webhook', 'slack');

-- CreateEnum
CREATE TYPE "DeliveryStatus" AS ENUM ('pending', 'delivered', 'failed');

-- AlterEnum
ALTER TYPE "QuestionStatus" ADD VALUE 'withdrawn';

-- CreateTable
CREATE TABLE "Webhook" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "kind" "WebhookKind" NOT NULL,
    "secret" TEXT NOT NULL,
    "events" TEXT[],
    "hasContent" BOOLEAN NOT NULL DEFAULT true,
    "createdBy" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "removedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Webhook_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "NotificationDelivery" (
    "id" TEXT NOT NULL,
    "organizationId" TEXT NOT NULL,
    "webhookId" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "runId" TEXT,
    "sequence" INTEGER,
    "auditSequence" INTEGER,
    "status" "DeliveryStatus" NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "nextAttemptAt" TIMESTAMPTZ(3),
    "lastStatus" INTEGER,
    "lastError" TEXT,
    "bodyHash" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMPTZ(3),
    "settledAt" TIMESTAMPTZ(3),

    CONSTRAINT "NotificationDelivery_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Webhook_organizationId_idx" ON "Webhook"("organizationId");

-- CreateIndex
CREATE INDEX "NotificationDelivery_organizationId_createdAt_idx" ON "NotificationDelivery"("organizationId", "createdAt" DESC);

-- CreateIndex
CREATE INDEX "NotificationDelivery_status_startedAt_createdAt_idx" ON "NotificationDelivery"("status", "startedAt", "createdAt");

-- CreateIndex
CREATE UNIQUE INDEX "NotificationDelivery_webhookId_runId_sequence_key" ON "NotificationDelivery"("webhookId", "runId", "sequence");

-- AddForeignKey
ALTER TABLE "Webhook" ADD CONSTRAINT "Webhook_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "Organization"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "NotificationDelivery" ADD CONSTRAINT "NotificationDelivery_webhookId_fkey" FOREIGN KEY ("webhookId") REFERENCES "Webhook"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What Prisma's schema cannot say: notifications are written in the transaction of what they tell. None is lost, and
-- none tells what did not happen.

-- Which kind of notification an event of a run is; null for those that nobody is told of.
CREATE FUNCTION "notification_kind"("type" text, "data" json) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN "type" = 'question' THEN 'question'
    WHEN "type" = 'budget' THEN 'budget'
    WHEN "type" = 'status' AND "data" ->> 'status' IN ('COMPLETED', 'FAILED', 'BUDGET_EXCEEDED', 'CANCELLED') THEN 'run-ended'
    WHEN "type" = 'approval' AND "data" ->> 'outcome' = 'reminder' THEN 'reminder'
    WHEN "type" = 'approval' AND "data" ->> 'outcome' = 'escalated' THEN 'escalated'
    -- A vote that does not fill the quorum leaves it pending too.
    WHEN "type" = 'approval' AND "data" ->> 'outcome' = 'pending' AND json_array_length("data" -> 'by') = 0 THEN 'approval'
  END;
$$;

CREATE FUNCTION "notify_of_run_events"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "NotificationDelivery" ("id", "organizationId", "webhookId", "kind", "runId", "sequence")
    SELECT gen_random_uuid()::text, added."organizationId", w."id", added."kind", added."runId", added."sequence"
    FROM (SELECT "organizationId", "runId", "sequence", "notification_kind"("type", "data") AS "kind" FROM added) AS added
    JOIN "Webhook" w ON w."organizationId" = added."organizationId" AND w."removedAt" IS NULL
      AND added."kind" = ANY(w."events")
    WHERE added."kind" IS NOT NULL
    ON CONFLICT ("webhookId", "runId", "sequence") DO NOTHING;
  RETURN NULL;
END;
$$;

CREATE TRIGGER "RunEvent_notify" AFTER INSERT ON "RunEvent"
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION "notify_of_run_events"();

CREATE FUNCTION "notify_of_organization_records"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "NotificationDelivery" ("id", "organizationId", "webhookId", "kind", "auditSequence")
    SELECT gen_random_uuid()::text, added."organizationId", w."id", 'break-glass', added."sequence"
    FROM added JOIN "Webhook" w ON w."organizationId" = added."organizationId" AND w."removedAt" IS NULL
      AND 'break-glass' = ANY(w."events")
    WHERE added."kind" LIKE 'break-glass%';
  RETURN NULL;
END;
$$;

CREATE TRIGGER "OrganizationAuditRecord_notify" AFTER INSERT ON "OrganizationAuditRecord"
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION "notify_of_organization_records"();

-- Wakes the dispatchers once the transaction is committed.
CREATE FUNCTION "tell_deliveries"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM added) THEN PERFORM pg_notify('gatehouse_deliveries', ''); END IF;
  RETURN NULL;
END;
$$;

CREATE TRIGGER "NotificationDelivery_tell" AFTER INSERT ON "NotificationDelivery"
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION "tell_deliveries"();
