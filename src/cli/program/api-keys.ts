import { type CommandLine, collect, duration } from '../command-line';

/** Keys of the HTTP API and the console. */
export function addApiKeyCommands({ program, add, carryOut }: CommandLine): void {
  const keys = program.command('api-keys').description('keys of the HTTP API and the console');
  add(keys, 'make <name>', 'make a key; it is shown once')
    .requiredOption('--person <name>', 'who speaks with it')
    .option('--role <role>', 'a role; may be given several times', collect, [])
    .option('--scope <scope>', 'instead of those of the roles; may be given several times', collect, [])
    .option('--for <time>', 'how long it counts', duration)
    .option('--by <name>', 'who you are; not needed with a key')
    .action((name, { person, role, scope, for: lifetimeMs, by, ...options }) =>
      carryOut(options, (context) =>
        load.apiKeys().makeApiKey(context, name, { person, roles: role, scopes: scope, lifetimeMs, by }),
      ),
    );
  add(keys, 'list', 'all, those that count no more included').action((options) =>
    carryOut(options, (context) => load.apiKeys().listApiKeys(context)),
  );
  add(keys, 'revoke <id>', 'nothing can be done with it from now on')
    .option('--by <name>', 'who you are; not needed with a key')
    .action((id, { by, ...options }) =>
      carryOut(options, (context) => load.apiKeys().revokeApiKey(context, id, { by })),
    );
}

// `require`, because a dynamic import would need the endings of our files.
const load = { apiKeys: () => require('../api-keys') as typeof import('../api-keys') };
