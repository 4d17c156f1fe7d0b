import { connect } from 'node:net';
import { Connection } from '@temporalio/client';
import { GatehouseError } from '../domain/errors';
import { searchAttributeTypes } from './search-attributes';

/** Throws `temporal-unreachable` unless the server answers within five seconds and knows the namespace. */
export async function checkTemporal(address: string, namespace: string): Promise<void> {
  try {
    await withConnection(address, async (connection) => {
      await connection.workflowService.describeNamespace({ namespace });
    });
  } catch (cause) {
    throw new GatehouseError(
      'temporal-unreachable',
      `the Temporal server at \`${address}\` does not answer for the namespace \`${namespace}\`: start it, or check \`TEMPORAL_ADDRESS\``,
      { cause },
    );
  }
}

/** Whether the server takes workflows of this namespace now. */
export async function isTemporalReady(address: string, namespace: string): Promise<boolean> {
  try {
    // A gRPC channel would keep trying for seconds where nothing listens yet.
    if (!(await isListening(address))) return false;
    return await withConnection(address, async (connection) => {
      const { status } = await connection.healthService.check({
        service: 'temporal.api.workflowservice.v1.WorkflowService',
      });
      await connection.workflowService.describeNamespace({ namespace });
      return status === 1;
    });
  } catch {
    return false;
  }
}

/** Registers what is missing of our search attributes on a server of somebody else; throws where it may not. */
export async function ensureSearchAttributes(address: string, namespace: string): Promise<void> {
  try {
    await withConnection(address, async (connection) => {
      const known = await connection.operatorService.listSearchAttributes({ namespace });
      const missing = Object.entries(searchAttributeTypes).filter(
        ([name]) => !known.customAttributes?.[name],
      );
      if (missing.length === 0) return;
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(missing.map(([name, type]) => [name, indexedValueTypes[type]])),
      });
    });
  } catch (cause) {
    const flags = Object.entries(searchAttributeTypes).map(([name, type]) => `--name ${name} --type ${type}`);
    throw new GatehouseError(
      'temporal-search-attributes',
      `the Temporal server at \`${address}\` lacks our search attributes and does not let us add them: run \`temporal operator search-attribute create ${flags.join(' ')}\``,
      { cause },
    );
  }
}

// The numbers of Temporal's IndexedValueType; the package that names them is not a dependency of ours.
const indexedValueTypes = { Keyword: 2 } as const;

async function withConnection<T>(address: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  // `Connection.connect` keeps its channel trying when it fails; this one is closed either way.
  const connection = Connection.lazy({ address, connectTimeout: '5s' });
  try {
    await connection.ensureConnected();
    return await connection.withDeadline(Date.now() + 5_000, () => work(connection));
  } finally {
    await connection.close();
  }
}

function isListening(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${address}`);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    const answer = (listens: boolean) => {
      socket.destroy();
      resolve(listens);
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });
}
