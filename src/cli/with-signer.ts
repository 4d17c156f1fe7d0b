import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadKey, type SigningKey } from '../broker/keys';
import type { Commands } from '../commands/commands';
import type { CliConfig } from '../config';
import type { CliContext, ExitCode } from './context';
import { withStack } from './with-stack';

/**
 * As `withStack`, for what people say: signed with the key of the person at the keyboard, where there is one that
 * somebody registered.
 *
 * @param work also gets in whose name it is said: who registered the key, else `by`, else the login name
 * @throws GatehouseError `key-unreadable`, `key-exposed`
 */
export async function withSigner(
  context: CliContext,
  by: string | undefined,
  work: (commands: Commands, by: string) => Promise<ExitCode>,
): Promise<ExitCode> {
  const key = configuredKey(context.config);
  return withStack(
    context,
    (commands, _stack, speaker) => {
      if (key && speaker === null)
        context.terminal.note(
          `nobody has registered the key ${key.thumbprint}, so nothing is signed; \`gatehouse keys add PERSON FILE\` does`,
        );
      return work(commands, by ?? speaker ?? context.user);
    },
    key ?? undefined,
  );
}

/** Where a person's own key is: `GATEHOUSE_KEY`, else in their configuration folder. */
export function keyFileOf({ GATEHOUSE_KEY, XDG_CONFIG_HOME, HOME }: CliConfig): string {
  return GATEHOUSE_KEY ?? join(XDG_CONFIG_HOME || join(HOME || homedir(), '.config'), 'gatehouse', 'key.jwk');
}

function configuredKey(config: CliConfig): SigningKey | null {
  const file = keyFileOf(config);
  return config.GATEHOUSE_KEY !== undefined || existsSync(file) ? loadKey(file) : null;
}
