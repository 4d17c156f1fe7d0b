import { addPart } from './part-draft';
import type { Part } from './simple-command';

type Gathered = Part & Required<Omit<Part, 'iteration'>>;

/** What the parts of a command line do, put together as they are found. */
export class Gathering {
  private gathered = nothing();

  get result(): Part {
    return this.gathered;
  }

  add(part: Part): void {
    addPart(this.gathered, part);
    for (const flag of part.approvalFlags ?? [])
      if (!this.gathered.approvalFlags.includes(flag)) this.gathered.approvalFlags.push(flag);
    // An apply is the stronger, and counts for both.
    if (part.iteration && this.gathered.iteration !== 'apply') this.gathered.iteration = part.iteration;
  }

  ask(rule: string, message: string): void {
    // Once is enough: what a loop does a thousand times is asked about once.
    const isAsked = this.gathered.findings.some(
      (finding) => finding.rule === rule && finding.message === message,
    );
    if (!isAsked) this.gathered.findings.push({ verdict: 'ask', layer: 'commands', rule, message });
  }

  /** What `work` adds, kept apart. */
  collect(work: () => void): Part {
    const outer = this.gathered;
    this.gathered = nothing();
    try {
      work();
      return this.gathered;
    } finally {
      this.gathered = outer;
    }
  }
}

function nothing(): Gathered {
  return { effect: 'read', marks: {}, why: 'it only reads', findings: [], approvalFlags: [] };
}
