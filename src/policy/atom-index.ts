import { type Atom, atomsOf } from './atoms';

/** Texts that values are looked for in. */
export interface AtomIndex {
  /** Whether the value occurs in one of the texts, whole and not as a part of something larger. */
  holds(value: string): boolean;
}

/** Most atoms of a value that is looked for: the search takes this times the length of the texts at worst. */
const MAX_ATOMS = 300;

/** Indexes texts; a value never spans two of them. */
export function indexTexts(texts: readonly string[]): AtomIndex {
  const indexed = texts.map(indexText);
  return {
    holds(value) {
      const wanted = atomsOf(value);
      // What has no letter or digit in it names nobody, and what is this long says more than who or where.
      return (
        wanted.length > 0 && wanted.length <= MAX_ATOMS && indexed.some((each) => occursIn(each, wanted))
      );
    },
  };
}

interface IndexedText {
  atoms: readonly Atom[];
  /** Places of each key. */
  places: ReadonlyMap<string, number[]>;
}

function indexText(text: string): IndexedText {
  const atoms = atomsOf(text);
  const places = new Map<string, number[]>();
  for (const [place, { keys }] of atoms.entries())
    for (const key of keys) {
      const known = places.get(key);
      if (known) known.push(place);
      else places.set(key, [place]);
    }
  return { atoms, places };
}

function occursIn({ atoms, places }: IndexedText, wanted: readonly Atom[]): boolean {
  const first = wanted[0]?.keys ?? [];
  return first.some((key) =>
    places.get(key)?.some((place) => {
      const last = atoms[place + wanted.length - 1];
      if (!atoms[place]?.isStart || !last?.isEnd) return false;
      return wanted.every(({ keys }, offset) =>
        keys.some((each) => atoms[place + offset]?.keys.includes(each)),
      );
    }),
  );
}
