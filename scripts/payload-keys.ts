/**
 * The keys that encrypt Temporal's histories, for a rotation: `npx tsx scripts/payload-keys.ts FILE [make | add | use ID |
 * remove ID]`. Without a word it lists them; docs/operators.md says in which order.
 */
import {
  addPayloadKey,
  ensurePayloadKeys,
  readPayloadKeys,
  removePayloadKey,
  usePayloadKey,
} from '../src/codec/payload-keys';
import { GatehouseError, publicMessage } from '../src/domain/errors';

function main([file, word = 'list', id]: string[]): void {
  if (!file) throw misused();
  switch (word) {
    case 'list':
      break;
    case 'make':
      ensurePayloadKeys(file);
      break;
    case 'add':
      addPayloadKey(file);
      break;
    case 'use':
    case 'remove':
      if (!id) throw misused();
      (word === 'use' ? usePayloadKey : removePayloadKey)(file, id);
      break;
    default:
      throw misused();
  }
  const { current, keys } = readPayloadKeys(file);
  for (const each of keys.keys()) console.log(each === current ? `${each}  encrypts` : each);
}

function misused(): GatehouseError {
  return new GatehouseError('keys-misused', 'say `payload-keys.ts FILE [make | add | use ID | remove ID]`');
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(publicMessage(error));
  process.exitCode = 1;
}
