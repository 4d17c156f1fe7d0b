import type { ArtifactStore } from '../artifacts/artifact-store';
import { createLocalArtifactStore } from '../artifacts/local-artifact-store';
import type { SigningKey } from '../broker/keys';
import type { Commands, StackAddress } from '../commands/commands';
import { GatehouseError } from '../domain/errors';
import { readStackFile } from '../embedded/stack-file';
import type { CliContext, ExitCode } from './context';

/** The stack that commands talk to. */
export interface FoundStack {
  address: StackAddress;
  temporalUi: string | null;
  /** Folder of the artifact store; null where it is out of reach. */
  artifacts: string | null;
}

/** The organization that `up` creates. */
const LOCAL = 'local';

/**
 * The stack of `TEMPORAL_ADDRESS` and `DATABASE_URL` where both are set, else the running `up` of the data folder.
 *
 * @throws GatehouseError `stack-not-running`, `stack-half-named`
 */
export async function findStack({ config, dataDir }: CliContext): Promise<FoundStack> {
  const { TEMPORAL_ADDRESS: temporal, DATABASE_URL: databaseUrl, TEMPORAL_NAMESPACE: namespace } = config;
  const running = await readStackFile(dataDir);
  // An `up` on servers of the user's own knows more of the same stack: where artifacts are.
  const isSame = running?.temporal === temporal && placeIn(running?.databaseUrl) === placeIn(databaseUrl);
  if (temporal !== undefined && databaseUrl !== undefined && !isSame)
    return {
      address: {
        temporal,
        databaseUrl,
        namespace,
        organization: LOCAL,
        payloadKeys: config.GATEHOUSE_PAYLOAD_KEYS,
        privateWebhooks: config.GATEHOUSE_PRIVATE_WEBHOOKS,
      },
      temporalUi: null,
      artifacts: null,
    };
  if (running) return { address: running, temporalUi: running.temporalUi, artifacts: running.artifacts };
  if (temporal !== undefined || databaseUrl !== undefined)
    throw new GatehouseError(
      'stack-half-named',
      `\`${temporal === undefined ? 'TEMPORAL_ADDRESS' : 'DATABASE_URL'}\` is not set: set both to talk to a stack of your own, or start \`gatehouse up\``,
    );
  throw new GatehouseError(
    'stack-not-running',
    `nothing runs on the data folder \`${dataDir}\`: start \`gatehouse up\` in another terminal first, or name another folder with \`GATEHOUSE_DATA\``,
  );
}

/** Opens the commands over the stack, does the work, closes. */
export async function withStack(
  context: CliContext,
  work: (commands: Commands, stack: FoundStack, speaker: string | null) => Promise<ExitCode>,
  personKey?: SigningKey,
): Promise<ExitCode> {
  const stack = await findStack(context);
  // Loaded when needed: `--help` and mistakes answer at once.
  const { openCommands } = require('../commands/commands') as typeof import('../commands/commands');
  const { commands, speaker, close } = await openCommands({ ...stack.address, personKey });
  try {
    return await work(commands, stack, speaker);
  } finally {
    await close();
  }
}

/** The artifact store of a stack, where it is in reach. */
export function artifactsOf({ artifacts }: FoundStack): ArtifactStore | null {
  if (artifacts === null) return null;
  return createLocalArtifactStore({ folder: artifacts });
}

/** Host and database, whoever the user: `up` hands out a role of its own. */
function placeIn(databaseUrl: string | undefined): string | null {
  if (databaseUrl === undefined || !URL.canParse(databaseUrl)) return databaseUrl ?? null;
  const { host, pathname } = new URL(databaseUrl);
  return `${host}${pathname}`;
}
