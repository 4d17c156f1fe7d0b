import { join } from 'node:path';
import type { Commands } from '../commands/commands';
import type { RunEnd } from '../commands/watch-run';
import { visibleLines } from '../domain/visible-text';
import type { StoredDecision } from '../store/decision-store';
import { createLocalForge } from '../tools/local-forge';
import type { Colours, Terminal } from './terminal';
import { duration, paintStatus } from './words';

export interface DemoReport {
  terminal: Terminal;
  commands: Commands;
  runId: string;
  workflowId: string;
  end: RunEnd;
  dataDir: string;
  uiLink: string | null;
}

/** What came of the demo: how it ended, what it used, what was decided, and the pull request with its diff. */
export async function printReport(report: DemoReport): Promise<void> {
  const { terminal, commands, runId, workflowId, end, dataDir, uiLink } = report;
  const shown = await commands.showRun(runId);
  const pullRequests = await pullRequestsOf(runId, dataDir);
  if (terminal.isJson) {
    const { usage, decisions } = shown;
    terminal.printJson({
      runId,
      workflowId,
      ...end,
      usage,
      decisions: count(decisions),
      pullRequests,
      temporalUi: uiLink,
    });
    return;
  }
  const { colours } = terminal;
  terminal.print(`\n${paintStatus(end.status, end.status, colours)}  ${visibleLines(end.text)}\n`);
  const { usage } = shown;
  if (usage)
    terminal.print(
      `budget used  ${usage.turns} turns, ${usage.tokens} tokens, ${usage.toolCalls} tool calls; ` +
        `${duration(usage.waitedMs)} of waiting for people not counted`,
    );
  const counted = count(shown.decisions);
  terminal.print(
    `decisions    ${Object.entries(counted)
      .map(([verdict, number]) => `${number} ${verdict}`)
      .join(', ')}`,
  );
  for (const pullRequest of pullRequests) {
    terminal.print(
      `pull request #${pullRequest.number} ${visibleLines(pullRequest.title)} (${pullRequest.head} -> ${pullRequest.base})\n`,
    );
    terminal.print(paintDiff(visibleLines(pullRequest.diff), colours));
  }
  if (uiLink) terminal.print(`\nTemporal UI  ${uiLink}`);
}

function count(decisions: readonly StoredDecision[]): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const { decision } of decisions) counted[decision.verdict] = (counted[decision.verdict] ?? 0) + 1;
  return counted;
}

async function pullRequestsOf(runId: string, dataDir: string) {
  const forge = createLocalForge({ root: join(dataDir, 'forge') });
  const { key } = forge.repositoryOf(runId);
  const own = (await forge.list(key)).filter(({ head }) => head.endsWith(`/${runId}`));
  return Promise.all(own.map(({ number }) => forge.show(key, number)));
}

function paintDiff(diff: string, colours: Colours): string {
  return diff
    .split('\n')
    .map((line) => {
      if (line.startsWith('+++') || line.startsWith('---') || line.startsWith('diff '))
        return colours.bold(line);
      if (line.startsWith('+')) return colours.green(line);
      if (line.startsWith('-')) return colours.red(line);
      return line;
    })
    .join('\n');
}
