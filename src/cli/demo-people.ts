import { createInterface } from 'node:readline/promises';
import type { Commands } from '../commands/commands';
import { publicMessage } from '../domain/errors';
import { visibleText } from '../domain/visible-text';
import type { StoredApproval } from '../store/approval-store';
import type { Terminal } from './terminal';

export interface DemoRun {
  runId: string;
  /** Who answers. */
  by: string;
}

interface AskedQuestion {
  questionId: string;
  question: string;
  options: string[];
}

/** Whoever answers the demo's run: the person at the terminal, or the demo itself. */
export interface DemoPeople {
  answer(commands: Commands, run: DemoRun, question: AskedQuestion): Promise<void>;
  decide(commands: Commands, run: DemoRun, approval: StoredApproval): Promise<void>;
}

/** Takes the first option and approves, and says that it does. */
export function answerForDemo(terminal: Terminal): DemoPeople {
  return {
    async answer(commands, { by }, { questionId, options }) {
      const answer = options[0] ?? 'yes';
      terminal.note(`  (the demo answers: ${visibleText(answer, 200)})`);
      await commands.answer({ questionId, answer, by });
    },
    async decide(commands, { by }, { id, actionHash }) {
      terminal.note('  (the demo approves)');
      await commands.decide({ approvalId: id, decision: 'approve', by, actionHash });
    },
  };
}

/** Asks the person at the terminal; somebody who decided elsewhere meanwhile is told so. */
export function askingPeople(terminal: Terminal, signal: AbortSignal): DemoPeople {
  return {
    async answer(commands, { by }, { questionId, options }) {
      options.forEach((option, index) => {
        terminal.note(`  ${index + 1}  ${visibleText(option, 200)}`);
      });
      const typed = await ask('  your answer (a number, or text): ');
      if (typed === null) return;
      const answer = options[Number(typed) - 1] ?? typed;
      await tolerate(() => commands.answer({ questionId, answer: answer || (options[0] ?? 'yes'), by }));
    },
    async decide(commands, { by }, { id, actionHash }) {
      const typed = await ask('  approve? (y, or a reason to deny it): ');
      if (typed === null) return;
      const isApproved = /^y(es)?$/i.test(typed);
      await tolerate(() =>
        commands.decide({
          approvalId: id,
          decision: isApproved ? 'approve' : 'deny',
          reason: isApproved ? undefined : typed || 'no reason given',
          by,
          actionHash,
        }),
      );
    },
  };

  /** Null when interrupted. */
  async function ask(question: string): Promise<string | null> {
    const reader = createInterface({ input: process.stdin, output: process.stderr });
    reader.on('SIGINT', () => process.emit('SIGINT'));
    try {
      return (await reader.question(question, { signal })).trim();
    } catch {
      return null;
    } finally {
      reader.close();
    }
  }

  async function tolerate(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      terminal.warn(publicMessage(error));
    }
  }
}
