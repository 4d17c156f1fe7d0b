/**
 * The keys that sign grants, for a rotation: `npx tsx scripts/grant-keys.ts FOLDER [add | use | remove ID]`, where FOLDER
 * has control's `grant.jwk`. Without a word it lists them; docs/operators.md says in which order.
 */
import {
  addGrantKey,
  ensureGrantKeySet,
  listGrantKeys,
  removeGrantKey,
  useNextGrantKey,
} from '../src/broker/grant-keys';
import { GatehouseError, publicMessage } from '../src/domain/errors';

function main([folder, word = 'list', id]: string[]): void {
  if (!folder) throw misused();
  switch (word) {
    case 'list':
      ensureGrantKeySet(folder);
      break;
    case 'add':
      addGrantKey(folder);
      break;
    case 'use':
      useNextGrantKey(folder);
      break;
    case 'remove':
      if (!id) throw misused();
      removeGrantKey(folder, id);
      break;
    default:
      throw misused();
  }
  for (const { id: each, state } of listGrantKeys(folder)) console.log(`${each}  ${state}`);
}

function misused(): GatehouseError {
  return new GatehouseError('keys-misused', 'say `grant-keys.ts FOLDER [add | use | remove ID]`');
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(publicMessage(error));
  process.exitCode = 1;
}
