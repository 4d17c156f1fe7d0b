import type { SigningKey } from '../broker/keys';
import type { Caller } from '../domain/caller';
import { signWord, vouchForWord, type Word } from './word-token';

/** Signs what one person says; commands use it for every decision, answer and top-up. */
export interface WordSigner {
  person: string;
  sign(word: Word): string;
}

/** With the person's own key. */
export function personSigner(person: string, key: SigningKey, now: () => number = Date.now): WordSigner {
  return { person, sign: (word) => signWord(word, person, key, now()) };
}

/** With the API's key, for a caller it has authenticated. */
export function vouchingSigner(caller: Caller, key: SigningKey, now: () => number = Date.now): WordSigner {
  const { person, roles } = caller;
  return { person, sign: (word) => vouchForWord(word, { person, roles }, key, now()) };
}
