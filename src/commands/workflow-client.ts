import {
  Client,
  Connection,
  isGrpcServiceError,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { dataConverterOf } from '../codec/data-converter';
import { GatehouseError } from '../domain/errors';
import { workflowIdOf } from '../domain/run';
import { visibleText } from '../domain/visible-text';

/** The runs as Temporal knows them; every call ends within five seconds. */
export interface WorkflowClient {
  readonly client: Client;
  /** Whether what it says is encrypted. */
  readonly isEncrypted: boolean;
  /** @throws GatehouseError `temporal-unreachable` */
  within<T>(work: () => Promise<T>): Promise<T>;
  /** Does what the server alone can do with a run. @throws GatehouseError `run-unknown`, `temporal-unreachable` */
  onRun<T>(runId: string, work: (handle: WorkflowHandle) => Promise<T>): Promise<T>;
  /** As `onRun`, where a control worker has to answer. @throws GatehouseError also `control-unreachable` */
  askRun<T>(runId: string, work: (handle: WorkflowHandle) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const LIMIT_MS = 5_000;

/**
 * Connects to Temporal.
 *
 * @param address `host:port`
 * @param payloadKeys the key file; without one nothing is encrypted
 * @throws GatehouseError `temporal-unreachable` within five seconds, `payload-keys-unreadable`, `payload-keys-exposed`
 */
export async function openWorkflowClient({
  address,
  namespace,
  payloadKeys,
}: {
  address: string;
  namespace: string;
  payloadKeys?: string;
}): Promise<WorkflowClient> {
  const dataConverter = dataConverterOf(payloadKeys);
  // `Connection.connect` keeps its channel trying when it fails; this one is closed either way.
  const connection = Connection.lazy({ address, connectTimeout: '5s' });
  try {
    await connection.ensureConnected();
  } catch (cause) {
    await connection.close();
    throw unreachable(address, cause);
  }
  const client = new Client({ connection, namespace, dataConverter });

  async function within<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await connection.withDeadline(Date.now() + LIMIT_MS, work);
    } catch (error) {
      if (error instanceof GatehouseError) throw error;
      throw isTimeout(error) || grpcCodes(error).includes(GRPC_UNAVAILABLE)
        ? unreachable(address, error)
        : error;
    }
  }

  async function onRun<T>(runId: string, work: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
    try {
      return await work(client.workflow.getHandle(workflowIdOf(runId)));
    } catch (error) {
      throw error instanceof WorkflowNotFoundError ? runUnknown(runId, error) : error;
    }
  }

  return {
    client,
    isEncrypted: dataConverter !== undefined,
    within,
    onRun: (runId, work) => within(() => onRun(runId, work)),
    askRun: (runId, work) =>
      within(async () => {
        try {
          return await onRun(runId, work);
        } catch (error) {
          throw isTimeout(error) || isTaskFailing(error) ? controlUnreachable(error) : error;
        }
      }),
    close: () => connection.close(),
  };
}

/** There is no such run. */
export function runUnknown(runId: string, cause?: unknown): GatehouseError {
  return new GatehouseError(
    'run-unknown',
    `there is no run \`${visibleText(runId, 80)}\`; \`gatehouse runs\` shows those there are`,
    { cause },
  );
}

const GRPC_DEADLINE_EXCEEDED = 4;
const GRPC_FAILED_PRECONDITION = 9;
const GRPC_UNAVAILABLE = 14;

function isTimeout(error: unknown): boolean {
  return (
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    grpcCodes(error).includes(GRPC_DEADLINE_EXCEEDED)
  );
}

/** Workflow tasks of a run fail for a while when its worker just died or is too slow: the next one may succeed. */
function isTaskFailing(error: unknown): boolean {
  return grpcCodes(error).includes(GRPC_FAILED_PRECONDITION);
}

/** The codes of gRPC wherever in the chain of causes. */
function grpcCodes(error: unknown, depth = 0): number[] {
  if (!(error instanceof Error) || depth > 4) return [];
  const own = isGrpcServiceError(error) ? [error.code as number] : [];
  return [...own, ...grpcCodes(error.cause, depth + 1)];
}

function controlUnreachable(cause: unknown): GatehouseError {
  return new GatehouseError(
    'control-unreachable',
    'no control worker answered for this run; look at `gatehouse doctor`, then try again',
    { cause },
  );
}

function unreachable(address: string, cause: unknown): GatehouseError {
  return new GatehouseError(
    'temporal-unreachable',
    `Temporal does not answer at \`${address}\`; start it with \`gatehouse up\`, or correct \`TEMPORAL_ADDRESS\``,
    { cause },
  );
}
