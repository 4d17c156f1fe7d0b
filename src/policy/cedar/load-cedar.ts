import type * as Cedar from '@cedar-policy/cedar-wasm/nodejs';

let loaded: typeof Cedar | undefined;

/** Cedar's WebAssembly, read when the first rule needs it: it takes a tenth of a second that most commands never use. */
export function loadCedar(): typeof Cedar {
  loaded ??= require('@cedar-policy/cedar-wasm/nodejs') as typeof Cedar;
  return loaded;
}
