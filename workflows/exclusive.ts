export type Exclusive = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Runs pieces of work one after the other, in the order they were asked for: what the control plane records of a run
 * has one writer, so that sequences and the audit chain follow it.
 */
export function createExclusive(): Exclusive {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
}
