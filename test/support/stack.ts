import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { withClient } from '../../src/embedded/database-connection';
import { findTemporalBinary } from '../../src/embedded/temporal-binary';
import { ensureSearchAttributes } from '../../src/embedded/temporal-connection';
import type { SharedServers } from './shared-servers';

export interface TestDatabase {
  url: string;
  /** Also ends connections that are still open. */
  drop(): Promise<void>;
}

/** The PostgreSQL and the Temporal server all test files share; the first to ask starts them (about 2 s). */
export function useStack(): Promise<SharedServers> {
  answer ??= askMainProcess();
  return answer;
}

/** An empty database of one's own. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { postgresUrl } = await useStack();
  const name = `test_${randomName()}`;
  await withClient(postgresUrl, (client) => client.query(`create database ${name}`));
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () =>
      withClient(postgresUrl, async (client) => {
        await client.query(`drop database if exists ${name} with (force)`);
      }),
  };
}

/** A Temporal namespace of one's own, with our search attributes; so queue names and workflow ids cannot clash. */
export async function createTestNamespace(): Promise<{ temporalAddress: string; namespace: string }> {
  const { temporalAddress } = await useStack();
  const namespace = `test-${randomName()}`;
  const connection = await Connection.connect({ address: temporalAddress });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
  } finally {
    await connection.close();
  }
  await ensureSearchAttributes(temporalAddress, namespace);
  return { temporalAddress, namespace };
}

/** The `temporal` program the tests run on, for what an operator does by hand. */
export async function temporalCliPath(): Promise<string> {
  return (await findTemporalBinary({ environment: process.env, progress: () => undefined })).path;
}

let answer: Promise<SharedServers> | undefined;

function askMainProcess(): Promise<SharedServers> {
  const socketPath = process.env.GATEHOUSE_TEST_STACK;
  if (socketPath === undefined) throw new Error('run this through Jest: its global setup hosts the servers');
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/', method: 'POST' }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () =>
        response.statusCode === 200 ? resolve(JSON.parse(text) as SharedServers) : reject(new Error(text)),
      );
    });
    asked.on('error', reject).end();
  });
}

function randomName(): string {
  return randomBytes(8).toString('hex');
}
