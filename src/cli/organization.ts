import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { loadKey, makeKey, type PublicJwk, publicJwk } from '../broker/keys';
import { GatehouseError } from '../domain/errors';
import { visibleText } from '../domain/visible-text';
import { readText } from '../policy/read-text';
import type { CliContext, ExitCode } from './context';
import { table } from './table';
import { keyFileOf, withSigner } from './with-signer';
import { withStack } from './with-stack';
import { dateAndTime } from './words';

interface Given {
  by?: string;
}

/** `gatehouse keys make`: the key of the person at the keyboard; needs no stack. */
export async function makeOwnKey({ terminal, config }: CliContext): Promise<ExitCode> {
  const file = keyFileOf(config);
  const isNew = !existsSync(file);
  if (isNew) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // `wx`: of two that are made at once, one stays.
    writeFileSync(file, `${JSON.stringify(makeKey().privateKey.export({ format: 'jwk' }))}\n`, {
      mode: 0o600,
      flag: 'wx',
    });
  }
  const { publicKey, thumbprint } = loadKey(file);
  const jwk = publicJwk(publicKey);
  if (terminal.isJson) terminal.printJson({ file, isNew, thumbprint, publicKey: jwk });
  else {
    terminal.print(JSON.stringify(jwk));
    terminal.note(`thumbprint ${thumbprint}; the private half is ${isNew ? 'now' : 'already'} in ${file}`);
    terminal.note('`gatehouse keys add PERSON FILE` registers the line above, once it is in a file');
  }
  return 0;
}

/** `gatehouse keys add PERSON FILE`. */
export async function addKey(
  context: CliContext,
  person: string,
  file: string,
  given: Given,
): Promise<ExitCode> {
  const { terminal } = context;
  const key = publicKeyIn(file);
  return withSigner(context, given.by, async (commands, by) => {
    const thumbprint = await commands.addKey({ name: person, key, by });
    if (terminal.isJson) terminal.printJson({ person, thumbprint });
    else terminal.print(`what the key ${thumbprint} signs counts as said by ${visibleText(person, 80)}`);
    return 0;
  });
}

/** `gatehouse keys list`. */
export async function listKeys(context: CliContext): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const keys = (await commands.listPeople()).flatMap(({ name, keys: own }) =>
      own.map((key) => ({ person: name, ...key })),
    );
    if (terminal.isJson) terminal.printJson(keys);
    else if (keys.length === 0) terminal.note('nobody has a key yet; `gatehouse keys make` makes one');
    else
      terminal.print(
        table(
          keys,
          [
            { title: 'PERSON', text: ({ person }) => visibleText(person, 60) },
            { title: 'KEY', text: ({ thumbprint }) => thumbprint },
            { title: 'SINCE', text: ({ createdAt }) => dateAndTime(createdAt) },
          ],
          terminal.colours,
        ),
      );
    return 0;
  });
}

/** `gatehouse keys revoke THUMBPRINT`. */
export async function revokeKey(context: CliContext, thumbprint: string, given: Given): Promise<ExitCode> {
  const { terminal } = context;
  return withSigner(context, given.by, async (commands, by) => {
    await commands.revokeKey({ thumbprint, by });
    if (terminal.isJson) terminal.printJson({ thumbprint, isRevoked: true });
    else terminal.print(`nothing that the key ${thumbprint} signs counts any more`);
    return 0;
  });
}

/** `gatehouse people list`. */
export async function listPeople(context: CliContext): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const people = await commands.listPeople();
    if (terminal.isJson) terminal.printJson(people);
    else if (people.length === 0)
      terminal.note('nobody yet; `gatehouse people apply NAME --role ROLE` adds somebody');
    else
      terminal.print(
        table(
          people,
          [
            { title: 'PERSON', text: ({ name }) => visibleText(name, 60) },
            { title: 'ROLES', text: ({ roles }) => visibleText(roles.join(', '), 80), maxWidth: 80 },
            { title: 'KEYS', text: ({ keys }) => String(keys.length) },
            { title: '', text: ({ isDisabled }) => (isDisabled ? 'disabled' : '') },
          ],
          terminal.colours,
        ),
      );
    return 0;
  });
}

/** `gatehouse people apply NAME`. */
export async function applyPerson(
  context: CliContext,
  name: string,
  roles: string[],
  given: Given,
): Promise<ExitCode> {
  const { terminal } = context;
  return withSigner(context, given.by, async (commands, by) => {
    await commands.applyPerson({ name, roles, by });
    if (terminal.isJson) terminal.printJson({ name, roles });
    else
      terminal.print(
        `${visibleText(name, 80)} has ${roles.length > 0 ? `the roles ${roles.join(', ')}` : 'no role'}`,
      );
    return 0;
  });
}

/** `gatehouse people disable NAME`. */
export async function disablePerson(context: CliContext, name: string, given: Given): Promise<ExitCode> {
  const { terminal } = context;
  return withSigner(context, given.by, async (commands, by) => {
    await commands.disablePerson({ name, by });
    if (terminal.isJson) terminal.printJson({ name, isDisabled: true });
    else terminal.print(`nothing that ${visibleText(name, 80)} says counts any more`);
    return 0;
  });
}

/** `gatehouse settings people`: shows how people are asked, or sets what is given. */
export async function peopleSettings(
  context: CliContext,
  settings: Record<string, unknown>,
  given: Given,
): Promise<ExitCode> {
  const { terminal } = context;
  return withSigner(context, given.by, async (commands, by) => {
    const now =
      Object.keys(settings).length === 0
        ? await commands.showPeopleSettings()
        : await commands.setPeopleSettings({ settings, by });
    if (terminal.isJson) terminal.printJson(now);
    else {
      const minutes = (ms: number) => `${Math.round(ms / 60_000)} min`;
      terminal.print(`reminders        after ${now.remindAfterMs.map(minutes).join(', ') || 'never'}`);
      terminal.print(
        `escalation       ${now.escalation ? `to the role ${visibleText(now.escalation.role, 60)} after ${minutes(now.escalation.afterMs)}` : 'never'}`,
      );
      terminal.print(`single operator  ${now.isSingleOperator ? 'yes' : 'no'}`);
    }
    return 0;
  });
}

function publicKeyIn(file: string): PublicJwk {
  const text = readText(file, { what: 'a public key', code: 'key-unreadable' });
  try {
    return JSON.parse(text) as PublicJwk;
  } catch (cause) {
    throw new GatehouseError(
      'key-unreadable',
      `\`${file}\` holds no public key as \`gatehouse keys make\` prints it`,
      {
        cause,
      },
    );
  }
}
