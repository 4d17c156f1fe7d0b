import { setTimeout as sleep } from 'node:timers/promises';
import { Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { askFromProgram } from '../../workflows/messages';
import type { SigningKey } from '../broker/keys';
import { proveQuestion } from '../broker/question-proof';
import { canonicalJson } from '../domain/canonical-json';
import { sha256 } from '../domain/hashing';
import { type ProgramAnswer, type ProgramQuestion, refusedQuestion } from '../domain/program-question';
import { workflowIdOf } from '../domain/run';
import type { Asker } from '../sandbox/asker';

export interface TemporalAskerOptions {
  connection: NativeConnection;
  namespace: string;
  dataConverter?: DataConverter;
  /** The host's own, which grants are bound to. */
  key: SigningKey;
  log(message: string, cause: unknown): void;
}

const MAX_PAUSE_MS = 10_000;

/**
 * Hands questions of programs to their run by an update, which is answered when a person answered. Sent again, it is the
 * same update: nobody is asked twice.
 */
export function createTemporalAsker({
  connection,
  namespace,
  dataConverter,
  key,
  log,
}: TemporalAskerOptions): Asker {
  const client = new Client({ connection, namespace, dataConverter });
  return {
    async ask({ grant, attempt: refusals, ...asked }, signal) {
      const payload: ProgramQuestion = { ...asked, proof: proveQuestion(asked, grant, key) };
      const updateId = `ask-${sha256(canonicalJson([payload, refusals])).slice(0, 32)}`;
      const handle = client.workflow.getHandle(workflowIdOf(grant.sub));
      for (let attempt = 0; ; attempt++) {
        signal.throwIfAborted();
        try {
          return await connection.withAbortSignal(signal, () =>
            handle.executeUpdate<ProgramAnswer, [ProgramQuestion]>(askFromProgram, {
              args: [payload],
              updateId,
            }),
          );
        } catch (error) {
          signal.throwIfAborted();
          if (error instanceof WorkflowUpdateFailedError)
            return refusedQuestion(error.cause?.message ?? 'the run refused the question');
          if (error instanceof WorkflowNotFoundError) return refusedQuestion('the run has ended');
          if (attempt === 0) log('a question of a program could not be handed on yet', error);
          await sleep(Math.min(MAX_PAUSE_MS, 250 * 2 ** attempt), undefined, { signal }).catch(
            () => undefined,
          );
        }
      }
    },
  };
}
