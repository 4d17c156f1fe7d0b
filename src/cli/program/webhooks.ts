import { type CommandLine, positive } from '../command-line';

/** Who outside is told what happens. */
export function addWebhookCommands({ program, add, carryOut }: CommandLine): void {
  const webhooks = program.command('webhooks').description('who outside is told what happens');
  add(webhooks, 'add <url>', 'tell an address; its secret is shown once')
    .option('--slack', 'as messages for Slack, or what understands them')
    .option('--events <names>', 'separated by commas; all if not said', (names) => names.split(','))
    .option('--no-content', 'leave out what models, tools and people wrote')
    .action((url, options) =>
      carryOut(options, (context) => load.webhooks().addWebhook(context, url, options)),
    );
  add(webhooks, 'list', 'those there are').action((options) =>
    carryOut(options, (context) => load.webhooks().listWebhooks(context)),
  );
  add(webhooks, 'test <id>', 'send a test, and say how it ended').action((id, options) =>
    carryOut(options, (context) => load.webhooks().testWebhook(context, id)),
  );
  add(webhooks, 'remove <id>', 'tell it nothing any more').action((id, options) =>
    carryOut(options, (context) => load.webhooks().removeWebhook(context, id)),
  );
  add(webhooks, 'deliveries', 'what was sent, and how it ended')
    .option('--webhook <id>', 'only to this one')
    .option('--limit <number>', 'how many, at most 200', positive, 20)
    .action((options) => carryOut(options, (context) => load.webhooks().listDeliveries(context, options)));
}

// `require`, because a dynamic import would need the endings of our files.
const load = { webhooks: () => require('../webhooks') as typeof import('../webhooks') };
