import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalArtifactStore } from '../../src/artifacts/local-artifact-store';
import type { Commands } from '../../src/commands/commands';
import { importAgent } from '../../src/embedded/import-agent';

/** The agents of this benchmark: their models propose one call again and again, or ask one question. */
export const CALLS = {
  /** A read that people are asked about, since it looks at the host. */
  'asks-to-read': { tool: 'run-command', args: { command: 'echo $EPOCHREALTIME; cat /etc/os-release' } },
  /** An effect that people are asked about, since it destroys: bound to the content of the workspace. */
  'asks-to-act': { tool: 'run-command', args: { command: 'echo $EPOCHREALTIME; rm -rf build' } },
  'asks-a-question': { tool: 'ask-user', args: { question: 'Go on?' } },
} as const;
export type BenchAgent = keyof typeof CALLS;

/** Applies them, each with a script of so many turns. */
export async function applyScripted(
  folder: string,
  artifactFolder: string,
  commands: Commands,
  turns: number,
): Promise<void> {
  const artifacts = createLocalArtifactStore({ folder: artifactFolder });
  for (const [name, call] of Object.entries(CALLS)) {
    const repeated = name === 'asks-a-question' ? 1 : turns;
    const script = {
      turns: [...Array.from({ length: repeated }, () => ({ say: 'again', calls: [call] })), { say: 'done' }],
    };
    writeFileSync(join(folder, `${name}.script.yaml`), JSON.stringify(script));
    const agent = {
      name,
      tier: 'SANDBOX',
      model: `scripted:${name}.script.yaml`,
      budget: { maxTurns: turns + 2, maxTokens: 1_000_000_000, maxToolCalls: turns + 2 },
    };
    writeFileSync(join(folder, `${name}.yaml`), JSON.stringify(agent));
    await commands.applyAgent(await importAgent(join(folder, `${name}.yaml`), artifacts), 'bench');
  }
}
