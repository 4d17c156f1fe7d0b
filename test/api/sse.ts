/** One event of a stream of server-sent events. */
export interface ReceivedEvent {
  id: string | null;
  event: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it is
  data: any;
}

/** Reads a `text/event-stream` to its end, or until the reader has enough. */
export async function* readEvents(answer: Response): AsyncGenerator<ReceivedEvent> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const fields = new Map(
        block
          .split('\n')
          .filter((line) => !line.startsWith(':'))
          .map((line): [string, string] => [
            line.slice(0, line.indexOf(':')),
            line.slice(line.indexOf(':') + 2),
          ]),
      );
      const data = fields.get('data');
      if (data !== undefined)
        yield {
          id: fields.get('id') ?? null,
          event: fields.get('event') ?? 'message',
          data: JSON.parse(data),
        };
    }
  }
}

/** All events of a stream that ends. */
export async function allEvents(answer: Response): Promise<ReceivedEvent[]> {
  const events: ReceivedEvent[] = [];
  for await (const event of readEvents(answer)) events.push(event);
  return events;
}
