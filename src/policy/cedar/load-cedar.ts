import { setFlagsFromString } from 'node:v8';
import type * as Cedar from '@cedar-policy/cedar-wasm/nodejs';

let loaded: typeof Cedar | undefined;

/** Cedar's WebAssembly, read when the first rule needs it: it takes a tenth of a second that most commands never use. */
export function loadCedar(): typeof Cedar {
  if (!loaded) {
    // V8 of Node 20 ends the process ("unreachable code") when it throws away optimised code that is inside a call into
    // WebAssembly which returns a reference, as Cedar's do. Without inlining such calls it never is.
    setFlagsFromString('--no-turbo-inline-js-wasm-calls');
    loaded = require('@cedar-policy/cedar-wasm/nodejs') as typeof Cedar;
  }
  return loaded;
}
