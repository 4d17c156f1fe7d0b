import { createInterface } from 'node:readline/promises';
import { hostEnvironment } from '../config';
import { GatehouseError } from '../domain/errors';
import { installDependencies } from '../embedded/dependencies';
import { type Gatehouse, startGatehouse } from '../embedded/gatehouse';
import type { CliContext, ExitCode } from './context';
import type { Terminal } from './terminal';

export interface UpOptions {
  /** Install missing programs without asking. */
  yes?: boolean;
}

/** `gatehouse up`: everything, until Ctrl-C. */
export async function up(context: CliContext, options: UpOptions): Promise<ExitCode> {
  const { terminal } = context;
  const interrupted = interruption();
  const gatehouse = await Promise.race([start(context, options), interrupted.then(() => null)]);
  // Interrupted half-way: our end is what ends the servers that were started already.
  if (gatehouse === null) return 0;
  announce(gatehouse, terminal);
  const failure = await Promise.race([gatehouse.failed, interrupted.then(() => null)]);
  terminal.note(failure === null ? 'stopping' : 'a server ended; stopping what is left');
  await gatehouse.stop();
  if (failure instanceof GatehouseError) throw failure;
  return 0;
}

/** Brings everything up as the context says, its dependencies first; the demo uses it too. */
export async function start(
  { config, dataDir, terminal }: CliContext,
  { yes = false }: UpOptions,
): Promise<Gatehouse> {
  const environment = hostEnvironment();
  const progress = (line: string) => terminal.note(line);
  await installDependencies({
    environment,
    progress,
    consent: yes || config.CI === 'true' ? 'yes' : terminal.isInteractive ? 'ask' : 'no',
    confirm,
  });
  const { ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, OPENAI_COMPATIBLE_API_KEY, OPENAI_COMPATIBLE_BASE_URL } =
    config;
  return startGatehouse({
    dataDir,
    environment,
    modelKeys: {
      ANTHROPIC_API_KEY,
      ANTHROPIC_BASE_URL,
      OPENAI_COMPATIBLE_API_KEY,
      OPENAI_COMPATIBLE_BASE_URL,
    },
    progress,
    warn: (line) => terminal.warn(line),
    temporalAddress: config.TEMPORAL_ADDRESS,
    databaseUrl: config.DATABASE_URL,
    log: config.GATEHOUSE_LOG,
    waitForPeopleMs: config.GATEHOUSE_WAIT_FOR_PEOPLE_MS,
    publicUrl: config.GATEHOUSE_PUBLIC_URL,
    privateWebhooks: config.GATEHOUSE_PRIVATE_WEBHOOKS,
    sandboxSettings: {
      GATEHOUSE_SANDBOX_MEMORY_MIB: config.GATEHOUSE_SANDBOX_MEMORY_MIB,
      GATEHOUSE_SANDBOX_PROCESSES: config.GATEHOUSE_SANDBOX_PROCESSES,
      GATEHOUSE_SANDBOX_FILE_MIB: config.GATEHOUSE_SANDBOX_FILE_MIB,
    },
  });
}

function announce({ addresses, dataDir }: Gatehouse, terminal: Terminal): void {
  const { temporal, namespace, temporalUi, api, console, keyFile, codec } = addresses;
  if (terminal.isJson) {
    terminal.printJson({ temporal, namespace, temporalUi, api, console, keyFile });
    return;
  }
  const { colours } = terminal;
  terminal.print(colours.green('Gatehouse is up'));
  for (const [name, value] of [
    ['Temporal', `${temporal} (namespace ${namespace})`],
    ['Temporal UI', temporalUi ?? 'that of your own server'],
    ['codec', `${codec}: shows payloads in the UI to who is logged in to the console`],
    ['API', api ?? '-'],
    ...(console === null ? [] : [['console', console]]),
    ['data', dataDir],
    ['API key', keyFile],
  ])
    terminal.print(`  ${colours.dim(String(name).padEnd(11))}  ${value}`);
  terminal.note(
    'in another terminal: `gatehouse run demo --prompt TEXT --repo PATH --watch`; Ctrl-C stops everything',
  );
}

async function confirm(question: string): Promise<boolean> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await reader.question(`${question} [y/N] `)).trim());
  } finally {
    reader.close();
  }
}

/** Resolves with the first request to stop; a second one ends us at once, and the servers with us. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    let asked = 0;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        asked += 1;
        if (asked > 1) process.exit(130);
        resolve();
      });
  });
}
