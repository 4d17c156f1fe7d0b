import type { Check } from '../invocation';
import { addPath } from '../operands';
import { gitBlob } from './git-blob';
import { gitCheckout } from './git-checkout';
import { gitPush } from './git-push';
import { gitRemote, gitRemoteAddress } from './git-remote';
import { gitConfig, gitSettings } from './git-settings';

/** Checks for git. */
export const gitChecks: Record<string, Check> = {
  /** Where `-o` writes: other subcommands mean something else by it. */
  'git-output'({ command, flags }, draft, context) {
    for (const { names, value } of flags)
      if (value && names.some((name) => name === '-o' || name === '--output-directory'))
        addPath(value, 'write', draft, command, context);
  },
  'git-push': gitPush,
  'git-blob': gitBlob,
  'git-checkout': gitCheckout,
  'git-settings': gitSettings,
  'git-config': gitConfig,
  'git-remote': gitRemote,
  'git-remote-address': gitRemoteAddress,
};
