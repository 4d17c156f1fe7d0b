import type { StoredDelivery } from '../store/webhook-store';
import type { CliContext, ExitCode } from './context';
import { type Column, table } from './table';
import type { Colours } from './terminal';
import { withStack } from './with-stack';
import { dateAndTime } from './words';

export interface AddWebhookOptions {
  slack?: boolean;
  events?: string[];
  content?: boolean;
}

/** `gatehouse webhooks add URL`. */
export async function addWebhook(
  context: CliContext,
  url: string,
  { slack = false, events, content = true }: AddWebhookOptions,
): Promise<ExitCode> {
  const { terminal, user } = context;
  return withStack(context, async (commands) => {
    const kind = slack ? ('slack' as const) : ('webhook' as const);
    const { webhook, secret } = await commands.addWebhook({
      url,
      kind,
      events,
      hasContent: content,
      by: user,
    });
    if (terminal.isJson) terminal.printJson({ ...webhook, secret });
    else {
      terminal.print(`webhook ${webhook.id} is told of ${webhook.events.join(', ')}`);
      terminal.print(`secret ${secret}`);
      terminal.note('the secret is shown this once: receivers check signatures with it');
    }
    return 0;
  });
}

/** `gatehouse webhooks list`. */
export async function listWebhooks(context: CliContext): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const webhooks = await commands.listWebhooks();
    if (terminal.isJson) terminal.printJson(webhooks);
    else if (webhooks.length === 0) terminal.note('no webhooks yet; `gatehouse webhooks add URL` adds one');
    else
      terminal.print(
        table(
          webhooks,
          [
            { title: 'WEBHOOK', text: ({ id }) => id },
            { title: 'KIND', text: ({ kind }) => kind },
            { title: 'TO', text: ({ url }) => url },
            { title: 'CONTENT', text: ({ hasContent }) => (hasContent ? 'yes' : 'no') },
            { title: 'EVENTS', text: ({ events }) => events.join(', '), maxWidth: 100 },
          ],
          terminal.colours,
        ),
      );
    return 0;
  });
}

/** `gatehouse webhooks remove ID`. */
export async function removeWebhook(context: CliContext, id: string): Promise<ExitCode> {
  const { terminal, user } = context;
  return withStack(context, async (commands) => {
    const webhook = await commands.removeWebhook(id, user);
    if (terminal.isJson) terminal.printJson(webhook);
    else terminal.print(`webhook ${webhook.id} is told nothing any more`);
    return 0;
  });
}

/** `gatehouse webhooks test ID`. */
export async function testWebhook(context: CliContext, id: string): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const delivery = await commands.testWebhook(id);
    const isDelivered = delivery.status === 'delivered';
    if (terminal.isJson) terminal.printJson(delivery);
    else terminal.print(isDelivered ? 'delivered' : `not delivered: ${delivery.lastError ?? 'unknown'}`);
    return isDelivered ? 0 : 1;
  });
}

/** `gatehouse webhooks deliveries`. */
export async function listDeliveries(
  context: CliContext,
  options: { webhook?: string; limit?: number },
): Promise<ExitCode> {
  const { terminal } = context;
  return withStack(context, async (commands) => {
    const deliveries = await commands.listDeliveries({ webhookId: options.webhook, limit: options.limit });
    if (terminal.isJson) terminal.printJson(deliveries);
    else if (deliveries.length === 0) terminal.note('nothing was to be sent yet');
    else terminal.print(table(deliveries, columns(terminal.colours), terminal.colours));
    return 0;
  });
}

function columns(colours: Colours): Column<StoredDelivery>[] {
  return [
    { title: 'WHEN', text: ({ createdAt }) => dateAndTime(createdAt) },
    { title: 'WEBHOOK', text: ({ webhookId }) => webhookId },
    { title: 'EVENT', text: ({ kind }) => kind },
    { title: 'RUN', text: ({ runId }) => runId ?? '' },
    {
      title: 'STATUS',
      text: ({ status }) => status,
      paint: (cell, { status }) => paintDelivery(cell, status, colours),
    },
    { title: 'TRIES', text: ({ attempts }) => String(attempts) },
    {
      title: 'LAST',
      text: ({ lastError, nextAttemptAt }) =>
        [lastError ?? '', nextAttemptAt === null ? '' : `next ${dateAndTime(nextAttemptAt)}`]
          .filter(Boolean)
          .join(', '),
      maxWidth: 100,
    },
  ];
}

function paintDelivery(text: string, status: StoredDelivery['status'], colours: Colours): string {
  switch (status) {
    case 'delivered':
      return colours.green(text);
    case 'failed':
      return colours.red(text);
    case 'pending':
      return colours.yellow(text);
  }
}
