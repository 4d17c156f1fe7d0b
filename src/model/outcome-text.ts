import type { CallOutcome } from '../domain/call';
import { markAsData } from './mark-data';

/** A call's outcome as the model reads it. What a tool printed is marked as data; what Gatehouse says is not. */
export function outcomeText(outcome: CallOutcome): string {
  switch (outcome.kind) {
    case 'done':
      return markAsData('tool output', outcome.text);
    case 'failed':
      return `${failure(outcome.exitCode)}\n${markAsData('tool output', outcome.text)}`;
    case 'refused':
      return `Refused, it did not run: ${outcome.text}`;
    case 'unknown':
      return `It started, and nobody knows whether it finished: ${outcome.text}`;
    case 'answered':
      return outcome.answeredBy === null ? outcome.text : `The person answered: ${outcome.text}`;
  }
}

function failure(exitCode: number | undefined): string {
  return exitCode === undefined ? 'The tool failed:' : `The tool failed with exit code ${exitCode}:`;
}
