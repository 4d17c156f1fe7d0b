import { GatehouseError } from '../domain/errors';
import { isScope, type Scope, scopes } from '../domain/scopes';
import { visibleText } from '../domain/visible-text';
import type { StoredApiKey } from '../store/api-key-store';
import type { CliContext, ExitCode } from './context';
import { table } from './table';
import { withSigner } from './with-signer';
import { withStack } from './with-stack';
import { dateAndTime } from './words';

interface Given {
  by?: string;
}

export interface ApiKeyWords extends Given {
  person: string;
  roles: string[];
  /** Instead of those of the roles. */
  scopes: string[];
  /** Milliseconds. */
  lifetimeMs?: number;
}

/** `gatehouse api-keys make NAME`: the key is shown once. */
export async function makeApiKey(context: CliContext, name: string, words: ApiKeyWords): Promise<ExitCode> {
  const { terminal } = context;
  const given = words.scopes.map(requireScope);
  const { person, roles, lifetimeMs } = words;
  return withSigner(context, words.by, async (commands, by) => {
    const { apiKey, key } = await commands.apiKeys.create(
      {
        name,
        person,
        roles,
        ...(given.length > 0 ? { scopes: given } : {}),
        expiresAt: lifetimeMs === undefined ? null : Date.now() + lifetimeMs,
      },
      by,
    );
    if (terminal.isJson) terminal.printJson({ ...apiKey, key });
    else {
      terminal.print(key);
      terminal.note(
        `key ${apiKey.id} of ${visibleText(person, 80)}; it is shown this once, and may ${apiKey.scopes.join(', ') || 'do nothing: give it a role or a scope'}`,
      );
    }
    return 0;
  });
}

/** `gatehouse api-keys list`. */
export async function listApiKeys(context: CliContext): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const keys = await commands.apiKeys.list();
    if (terminal.isJson) terminal.printJson(keys);
    else
      terminal.print(
        table(
          keys,
          [
            { title: 'KEY', text: ({ id }) => id },
            { title: 'NAME', text: ({ name }) => visibleText(name, 40) },
            { title: 'PERSON', text: ({ person }) => visibleText(person, 40) },
            { title: 'MAY', text: (key) => key.scopes.join(', '), maxWidth: 60 },
            { title: 'SINCE', text: ({ createdAt }) => dateAndTime(createdAt) },
            { title: '', text: endOf },
          ],
          terminal.colours,
        ),
      );
    return 0;
  });
}

/** `gatehouse api-keys revoke ID`. */
export async function revokeApiKey(context: CliContext, id: string, given: Given): Promise<ExitCode> {
  const { terminal } = context;
  return withSigner(context, given.by, async (commands, by) => {
    const key = await commands.apiKeys.revoke(id, by);
    if (terminal.isJson) terminal.printJson(key);
    else terminal.print(`nothing can be done with the key ${visibleText(key.name, 80)} any more`);
    return 0;
  });
}

function endOf({ expiresAt, revokedAt }: StoredApiKey): string {
  if (revokedAt !== null) return 'revoked';
  return expiresAt === null ? '' : `until ${dateAndTime(expiresAt)}`;
}

/** @throws GatehouseError `scope-unknown` */
function requireScope(text: string): Scope {
  if (isScope(text)) return text;
  throw new GatehouseError(
    'scope-unknown',
    `there is no scope \`${visibleText(text, 40)}\`; there are ${scopes.map((scope) => `\`${scope}\``).join(', ')}`,
  );
}
