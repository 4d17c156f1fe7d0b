import { openSync, readdirSync, readFileSync } from 'node:fs';

/**
 * The descriptors past `first` that this process was given by whoever started it, and would hand on to every program:
 * a supervisor's pipe, a log, a listening socket. Node closes on exec what it opens itself, and of what it inherits only
 * the first ones.
 *
 * @returns what to put at each position of a child's `stdio` from `first` on: an empty device over what is inherited
 */
export function coveredDescriptors(first: number): ('ignore' | number)[] {
  const inherited = inheritedFrom(first);
  if (inherited.length === 0) return [];
  const empty = openSync('/dev/null', 'r');
  const covered = Array<'ignore' | number>(Math.max(...inherited) - first + 1).fill('ignore');
  for (const descriptor of inherited) covered[descriptor - first] = empty;
  return covered;
}

const CLOSED_ON_EXEC = 0o2000000;

function inheritedFrom(first: number): number[] {
  return list().filter((descriptor) => descriptor >= first && isHandedOn(descriptor));
}

/** Empty where the system does not tell. */
function list(): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number);
  } catch {
    return [];
  }
}

function isHandedOn(descriptor: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSED_ON_EXEC) === 0;
  } catch {
    // Closed since it was listed.
    return false;
  }
}
