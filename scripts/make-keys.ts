/**
 * Makes the keys of a deployment where they are not there yet, each in the folder of the process that alone may hold
 * it, and puts the public halves into one folder that all may read; and the file of the keys that encrypt histories.
 */
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { ensureGrantKeySet, GRANT_KEY_SET } from '../src/broker/grant-keys';
import { type KeyName, loadOrMakeKey } from '../src/broker/keys';
import { ensurePayloadKeys } from '../src/codec/payload-keys';
import { GatehouseError, publicMessage } from '../src/domain/errors';

const NAMES: readonly string[] = ['grant', 'audit', 'runner', 'sandbox', 'api'] satisfies KeyName[];

function main(): void {
  const {
    GATEHOUSE_KEYS: places,
    GATEHOUSE_PUBLIC_KEYS: publicFolder,
    GATEHOUSE_PAYLOAD_KEYS: payloadKeys,
  } = process.env;
  if (!places || !publicFolder)
    throw misused(
      'set `GATEHOUSE_KEYS=grant=FOLDER,audit=FOLDER,runner=FOLDER,sandbox=FOLDER,api=FOLDER` and `GATEHOUSE_PUBLIC_KEYS=FOLDER`',
    );
  for (const place of places.split(',')) {
    const [name, folder] = place.split('=');
    if (!isKeyName(name) || !folder)
      throw misused(`\`GATEHOUSE_KEYS\` holds \`${place}\`, which is not NAME=FOLDER`);
    const { thumbprint } = loadOrMakeKey(folder, name);
    const publicFile = `${name}.public.jwk`;
    copyFileSync(path.join(folder, publicFile), path.join(publicFolder, publicFile));
    if (name === 'grant') copyFileSync(ensureGrantKeySet(folder), path.join(publicFolder, GRANT_KEY_SET));
    console.log(`${name} ${thumbprint}`);
  }
  if (payloadKeys) ensurePayloadKeys(payloadKeys);
}

function isKeyName(name: string | undefined): name is KeyName {
  return name !== undefined && NAMES.includes(name);
}

function misused(message: string): GatehouseError {
  return new GatehouseError('keys-misused', message);
}

try {
  main();
} catch (error) {
  console.error(publicMessage(error));
  process.exitCode = 1;
}
