import type { Finding } from '../domain/decision';
import { type Effect, effects, type Mark } from '../domain/effect';
import { visibleText } from '../domain/visible-text';
import type { Part, SimpleCommand } from './simple-command';
import type { OperandRole } from './table';
import type { Word } from './word';

/** A part while rows and checks add to it. */
export interface PartDraft extends Part {
  findings: Finding[];
  /** Named checks still to run. */
  checks: string[];
  role: OperandRole;
  /** What else the operands may be. */
  otherRoles: OperandRole[];
}

/** Adds a mark; the first reason for a mark is the one that is shown. */
export function addReason(part: Pick<Part, 'marks'>, mark: Mark, because: string): void {
  part.marks[mark] ??= because;
}

/** Raises the effect, with the reason; a weaker effect changes nothing. */
export function raise(part: Pick<Part, 'effect' | 'why'>, effect: Effect, why: string): void {
  if (effects.indexOf(effect) <= effects.indexOf(part.effect)) return;
  part.effect = effect;
  part.why = why;
}

/** Adds what another part does: its stronger effect, its marks and its findings. */
export function addPart(draft: Pick<PartDraft, 'effect' | 'why' | 'marks' | 'findings'>, other: Part): void {
  raise(draft, other.effect, other.why);
  for (const [mark, because] of Object.entries(other.marks)) addReason(draft, mark as Mark, because);
  draft.findings.push(...(other.findings ?? []));
}

/** The finding for a word that only the running shell knows, where it decides. */
export function unresolved(command: SimpleCommand, word: Word, role: string): Finding {
  return {
    verdict: 'ask',
    layer: 'commands',
    rule: 'unresolved',
    message: `\`${textOf(word)}\` of \`${shown(command)}\` is not known before it runs, and ${role}`,
  };
}

/** A word as text for a message. */
export function textOf(word: Word): string {
  return visibleText(word.kind === 'literal' ? word.value : word.source, 80);
}

/** A command for a message. */
export function shown(command: Pick<SimpleCommand, 'source'>): string {
  return visibleText(command.source, 100);
}

/** A clause that says why, where a row has no words of its own. */
export function clause(what: Effect | Mark, command: Pick<SimpleCommand, 'source'>): string {
  return `\`${shown(command)}\` ${CLAUSES[what]}`;
}

const CLAUSES: Record<Effect | Mark, string> = {
  read: 'only reads',
  propose: 'only proposes',
  draft: 'changes files of the workspace',
  sandbox: 'runs a program or writes files in the sandbox',
  production: 'changes a remote system',
  destructive: 'deletes or discards',
  catastrophic: 'destroys the system or its history',
  'host-read': 'reads files of the host',
  secret: 'reads a secret',
  network: 'reaches the network',
};
