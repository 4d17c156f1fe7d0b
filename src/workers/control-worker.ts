import { Client } from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createArchive } from '../../activities/archive';
import { createArtifactPasses } from '../../activities/artifact-pass';
import { createBreakGlass } from '../../activities/break-glass';
import { createChildRuns } from '../../activities/child-runs';
import { createDeliverNotification } from '../../activities/deliver-notification';
import { createDispatch } from '../../activities/dispatch';
import { createFinish } from '../../activities/finish';
import { createHalts } from '../../activities/halts';
import { createHosts } from '../../activities/hosts';
import { createPeople } from '../../activities/people';
import { createGateAhead, createPolicyGate } from '../../activities/policy-gate';
import { createProgramQuestions } from '../../activities/program-questions';
import { queues } from '../../workflows/messages';
import { openArtifactStore } from '../artifacts/open-artifact-store';
import { createPassMinter } from '../broker/artifact-pass';
import { createGrantMinter, createGrantVerifier } from '../broker/grant';
import { watchOwnGrantKeys } from '../broker/grant-keys';
import { loadKey, loadPublicKey, thumbprintOf } from '../broker/keys';
import { watchedFile } from '../broker/watched-file';
import { dataConverterOf } from '../codec/data-converter';
import type { ControlConfig } from '../config';
import { createWordVerifier } from '../identity/word-verifier';
import { createAddressGuard } from '../notifications/address-guard';
import { createContentLoader } from '../policy/content/content-loader';
import { createAgentStore } from '../store/agent-store';
import { createAnchorStore } from '../store/anchor-store';
import { createArtifactAccess } from '../store/artifact-access';
import { createBreakGlassStore } from '../store/break-glass-store';
import { createCurrentPolicy } from '../store/current-policy';
import { openDatabase } from '../store/database';
import { createDeliveryStore } from '../store/delivery-store';
import { createGateStore } from '../store/gate-store';
import { createHaltStore } from '../store/halt-store';
import { createOrganizationStore } from '../store/organization-store';
import { createOwnArtifacts } from '../store/own-artifacts';
import { createPeopleStore } from '../store/people-store';
import { createPersonStore } from '../store/person-store';
import { createPolicyStore } from '../store/policy-store';
import { createProgramQuestionStore } from '../store/program-question-store';
import { createRateStore } from '../store/rate-store';
import { createRunStore } from '../store/run-store';
import { createSnapshotStore } from '../store/snapshot-store';
import { createToolsOf } from '../tools/snapshot-tools';
import { startAnchoring } from './anchoring';
import { startControlArtifacts } from './control-artifacts';
import { startBroker } from './control-broker';
import { createLastPolled } from './last-polled';
import { startNotificationDispatcher } from './notification-dispatcher';
import { ownRunOnly } from './own-run';
import { WORKER_LIMITS, type WorkerSetup, workerIdentity } from './serve';

/** Builds the worker; see the entry point of the same name. */
export async function createControlWorker(
  config: ControlConfig,
  connection: NativeConnection,
  logger: Logger,
): Promise<WorkerSetup> {
  const database = openDatabase(config.DATABASE_URL);
  const artifacts = openArtifactStore(config);
  const access = createArtifactAccess(database, {
    quotaBytes: config.GATEHOUSE_ARTIFACT_QUOTA_MIB * 1024 * 1024,
  });
  const agents = createAgentStore(database);
  const policies = createPolicyStore(database);
  const snapshots = createSnapshotStore(database);
  const runs = createRunStore(database);
  const anchors = createAnchorStore(database, loadKey(config.GATEHOUSE_AUDIT_KEY));
  const people = createPeopleStore(database);
  const halts = createHaltStore(database);
  const words = createWordVerifier({
    persons: createPersonStore(database),
    apiKeys: config.GATEHOUSE_API_PUBLIC_KEYS.map(loadPublicKey),
    now: Date.now,
  });
  const waitForPeopleMs = config.GATEHOUSE_WAIT_FOR_PEOPLE_MS;
  const now = Date.now;
  const log = (message: string, cause: unknown) => logger.error({ err: cause }, message);
  const grantKey = watchedFile(config.GATEHOUSE_GRANT_KEY, loadKey, log);
  const deliveries = createDeliveryStore(database);
  const dataConverter = dataConverterOf(config.GATEHOUSE_PAYLOAD_KEYS);
  const shared = {
    ...WORKER_LIMITS,
    identity: workerIdentity('control'),
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    dataConverter,
  };
  const presenters = {
    runner: thumbprintOf(loadPublicKey(config.GATEHOUSE_RUNNER_PUBLIC_KEY)),
    sandboxes: new Set(config.GATEHOUSE_SANDBOX_PUBLIC_KEYS.map((path) => thumbprintOf(loadPublicKey(path)))),
  };
  const verifier = createGrantVerifier({ find: watchOwnGrantKeys(config.GATEHOUSE_GRANT_KEY, log) });
  const client = new Client({ connection, namespace: config.TEMPORAL_NAMESPACE, dataConverter });
  const broker = await startBroker({ config, database, verifier, presenters, client, logger });
  const served = await startControlArtifacts({ config, store: artifacts, access, presenters, logger });
  const gating = {
    gates: createGateStore(database),
    rates: createRateStore(database),
    snapshots,
    currentPolicy: createCurrentPolicy(agents, policies, snapshots),
    toolsOf: createToolsOf(),
    contents: createContentLoader({ artifacts, ownership: createOwnArtifacts(database) }),
    minter: createGrantMinter(grantKey),
    presenters,
    waitForPeopleMs,
    now,
  };
  const { gate } = createPolicyGate(gating);
  const worker = await Worker.create({
    ...shared,
    taskQueue: queues.control,
    workflowsPath: require.resolve('../../workflows/workflows'),
    dataConverter: {
      ...dataConverter,
      payloadConverterPath: require.resolve('../../workflows/payload-converter'),
    },
    // A killed worker's runs go on after this, instead of after 10 s.
    stickyQueueScheduleToStartTimeout: '1s',
    maxCachedWorkflows: 500,
    interceptors: { activity: [ownRunOnly] },
    activities: {
      ...createDispatch({
        agents,
        policies,
        snapshots,
        runs,
        halts,
        organizations: createOrganizationStore(database),
        artifacts,
        access,
        waitForPeopleMs,
        channel: config.GATEHOUSE_CHANNEL === 'on',
        isEncrypted: config.GATEHOUSE_PAYLOAD_KEYS !== undefined,
      }),
      gate,
      ...createPeople({ people, words, gate, gateAhead: createGateAhead(gating), now }),
      ...createHalts({ halts }),
      ...createHosts({
        lastPolled: createLastPolled({ connection, namespace: config.TEMPORAL_NAMESPACE }),
      }),
      ...createBreakGlass({ store: createBreakGlassStore(database), people, words }),
      ...createProgramQuestions({
        verifier,
        questions: createProgramQuestionStore(database),
        now,
      }),
      ...createArtifactPasses({ minter: createPassMinter(grantKey), presenters, now }),
      ...createArchive({ artifacts, access }),
      ...createChildRuns({ runs }),
      ...createFinish({ runs, anchors, credentials: broker?.broker }),
    },
  });
  // On a queue of its own: receivers that answer slowly hold up no run.
  const notifier = await Worker.create({
    ...shared,
    taskQueue: queues.notifications,
    maxConcurrentActivityTaskExecutions: 20,
    activities: createDeliverNotification({
      deliveries,
      guard: createAddressGuard(config.GATEHOUSE_PRIVATE_WEBHOOKS),
      publicUrl: config.GATEHOUSE_PUBLIC_URL ?? null,
      now,
    }),
  });
  const dispatcher = startNotificationDispatcher({
    databaseUrl: config.DATABASE_URL,
    deliveries,
    client,
    log,
  });
  const anchoring = startAnchoring({ anchors, everyMs: config.GATEHOUSE_ANCHOR_EVERY_MS, logger });
  return {
    workers: [worker, notifier],
    async close() {
      await dispatcher.close();
      await anchoring.stop();
      await broker?.close();
      await served.close();
      await database.close();
    },
  };
}
