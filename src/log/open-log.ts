import pino, { type Logger } from 'pino';
import { createPatientOutput } from './patient-output';

/** The log of a process, on its standard output. A full disk ends no process by it. */
export function openLog(name: string, level: string): Logger {
  const output = createPatientOutput(1, (lost) =>
    log.warn(`there was no room for ${lost} lines of this log: they are lost`),
  );
  const log = pino({ name, level }, output);
  // What is printed beside it goes to the same place.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return log;
}
