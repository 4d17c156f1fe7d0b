import { makeKey, type SigningKey } from '../../src/broker/keys';
import { type Commands, openCommands } from '../../src/commands/commands';
import { personSigner, type WordSigner } from '../../src/identity/word-signer';
import type { Database } from '../../src/store/database';
import { createOrganizationStore } from '../../src/store/organization-store';
import { createPersonStore } from '../../src/store/person-store';
import type { Harness } from './run-harness';

/** An organization that requires signatures, with people who have keys. */
export interface SignedPeople {
  organization: string;
  key(name: string): SigningKey;
  signer(name: string): WordSigner;
  /** The commands as somebody has them who signs with their own key. */
  as(name: string): Commands;
  close(): Promise<void>;
}

/** @param people names and roles */
export async function signedPeople<Name extends string>(
  gatehouse: Pick<Harness, 'database' | 'databaseUrl' | 'temporalAddress' | 'namespace'>,
  organization: string,
  people: Record<Name, string[]>,
  settings: Parameters<ReturnType<typeof createOrganizationStore>['create']>[0]['people'] = {},
): Promise<SignedPeople> {
  await createOrganizationStore(gatehouse.database).create({
    ...{ id: organization, name: organization, signatures: 'REQUIRED', people: settings },
  });
  const keys = await makePeople(gatehouse.database, organization, people);
  const opened = new Map<string, Awaited<ReturnType<typeof openCommands>>>();
  const key = (name: string) => keys.get(name)!;
  const signer = (name: string) => personSigner(name, key(name));
  for (const name of Object.keys(people))
    opened.set(
      name,
      await openCommands({
        temporal: gatehouse.temporalAddress,
        namespace: gatehouse.namespace,
        databaseUrl: gatehouse.databaseUrl,
        organization,
        signer: signer(name),
      }),
    );
  return {
    organization,
    key,
    signer,
    as: (name) => opened.get(name)!.commands,
    async close() {
      for (const { close } of opened.values()) await close();
    },
  };
}

async function makePeople(
  database: Database,
  organization: string,
  people: Record<string, string[]>,
): Promise<Map<string, SigningKey>> {
  const persons = createPersonStore(database);
  const keys = new Map<string, SigningKey>();
  for (const [name, roles] of Object.entries(people)) {
    const key = makeKey();
    await persons.apply(organization, { name, roles }, 'test');
    await persons.addKey(organization, name, key.publicKey, 'test');
    keys.set(name, key);
  }
  return keys;
}
