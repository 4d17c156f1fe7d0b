import type { Effect } from '../../../src/domain/effect';
import { type Host, openHost } from '../../sandbox/support/host';

/** A sandbox host under attack. */
export interface Attacked {
  host: Host;
  /** What a script printed in the profile of an effect, once the run was seen to go on after it. */
  attempt(script: string, effect?: Effect, options?: object): Promise<string>;
  /** What a tool answered, once the run was seen to go on after it. */
  call(tool: string, args: unknown, effect?: Effect): Promise<{ kind: string; text: string }>;
}

/** A host with a run's workspace, and another run beside it. */
export async function openAttacked(changes: Parameters<typeof openHost>[0] = {}): Promise<Attacked> {
  const host = openHost(changes);
  await host.prepare();
  await host.prepare('run-2');

  async function goesOn(): Promise<void> {
    const text = await host.script('git rev-parse --is-inside-work-tree && echo goes on', 'draft');
    if (!text.endsWith('goes on\n')) throw new Error(`the run does not go on: ${text}`);
  }

  return {
    host,
    async attempt(script, effect = 'sandbox', options = {}) {
      const text = await host.script(script, effect, options);
      await goesOn();
      return text;
    },
    async call(tool, args, effect = 'draft') {
      const { outcomes } = await host.execute(tool, args, effect);
      await goesOn();
      return outcomes[0]!;
    },
  };
}
