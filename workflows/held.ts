import type {
  ApprovalOutcome,
  ApprovalProgress,
  PendingApproval,
  PendingQuestion,
  QuestionOutcome,
  Receipt,
} from '../src/domain/approval';
import { alreadySettled, describeAnswer, describeApproval } from '../src/domain/settled';

/** Something that waits for people. */
export interface Held<Item, Outcome> {
  item: Item;
  outcome: Outcome | null;
  /** Milliseconds since the epoch; null while it waits. */
  settledAt: number | null;
  /** What was said so far, once something was. */
  progress: ApprovalProgress | null;
  /** What was submitted and counted, by its JSON: the same again gets the same receipt. */
  receipts: Map<string, Receipt>;
  ended: Promise<Outcome>;
}

export type HeldApproval = Held<PendingApproval, ApprovalOutcome>;
export type HeldQuestion = Held<PendingQuestion, QuestionOutcome>;

/** Settled items whose receipts are still remembered. */
const MAX_REMEMBERED = 200;

/** What waits, by id. */
export class HeldItems<Item extends { id: string }, Outcome> {
  private readonly items = new Map<string, Held<Item, Outcome>>();

  /** Keeps an item and begins its wait. @returns null when it is there already, and stays as it is */
  add(item: Item, wait: (held: Held<Item, Outcome>) => Promise<Outcome>): Held<Item, Outcome> | null {
    if (this.items.has(item.id)) return null;
    const held = {
      ...{ item, outcome: null, settledAt: null, progress: null },
      receipts: new Map(),
    } as unknown as Held<Item, Outcome>;
    this.items.set(item.id, held);
    held.ended = wait(held);
    held.ended.catch(() => undefined);
    this.forgetOldest();
    return held;
  }

  get(id: string): Held<Item, Outcome> | undefined {
    return this.items.get(id);
  }

  /** @throws when nothing is held under this id, a defect of ours */
  of(id: string): Held<Item, Outcome> {
    const item = this.items.get(id);
    if (!item) throw new TypeError(`nothing is held under ${id}`);
    return item;
  }

  get open(): Held<Item, Outcome>[] {
    return [...this.items.values()].filter((each) => each.outcome === null);
  }

  private forgetOldest(): void {
    if (this.items.size <= MAX_REMEMBERED) return;
    for (const [id, item] of this.items)
      if (item.outcome !== null) {
        this.items.delete(id);
        return;
      }
  }
}

/** Ends a wait; what was settled first stays. */
export function settle<Item, Outcome>(held: Held<Item, Outcome>, outcome: Outcome | null): void {
  if (outcome === null || held.outcome !== null) return;
  held.outcome = outcome;
  held.settledAt = Date.now();
}

/** Tells who comes too late who settled it, and when; null while it waits. */
export function settledApproval({ outcome, settledAt }: HeldApproval): string | null {
  return outcome && alreadySettled('approval', describeApproval(outcome), settledAt);
}

/** The same of a question. */
export function settledQuestion({ outcome, settledAt }: HeldQuestion): string | null {
  return outcome && alreadySettled('question', describeAnswer(outcome), settledAt);
}
