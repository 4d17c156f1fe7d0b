import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a loopback provider is told to answer next. */
export type WireReply =
  | {
      kind: 'reply';
      text?: string;
      /** `args` goes over the wire exactly as it is. */
      calls?: { id: string; tool: string; args: string }[];
      usage?: { input: number; output: number };
      end?: 'natural' | 'length' | 'refusal';
    }
  | { kind: 'status'; status: number; message?: string; headers?: Record<string, string> }
  | { kind: 'cut' }
  | { kind: 'never' };

export interface WireRequest {
  path: string;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

export type WireFormat = (reply: Extract<WireReply, { kind: 'reply' }>) => { type: string; body: string };

/** A server on the loopback that answers one reply a request, in a provider's real wire format. */
export class ModelServer {
  readonly requests: WireRequest[] = [];
  private readonly replies: WireReply[] = [];
  private readonly arrivals = new EventEmitter();
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      this.requests.push({ path: request.url ?? '', headers: request.headers, body });
      this.arrivals.emit('request');
      this.answer(this.replies.shift(), response);
    });
  });

  constructor(
    private readonly format: WireFormat,
    private readonly errorBody: (status: number, message: string) => unknown,
  ) {}

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  willAnswer(...replies: WireReply[]): void {
    this.replies.push(...replies);
  }

  /** Settles with the next request. */
  async nextRequest(): Promise<void> {
    await once(this.arrivals, 'request');
  }

  get lastRequest(): WireRequest {
    return this.requests.at(-1)!;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(reply: WireReply | undefined, response: ServerResponse): void {
    switch (reply?.kind) {
      case undefined:
        throw new Error('the model server was asked once more than it was told to answer');
      case 'never':
        return;
      case 'status':
        response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
        response.end(JSON.stringify(this.errorBody(reply.status, reply.message ?? 'no')));
        return;
      case 'cut': {
        const { type, body } = this.format({ kind: 'reply', text: 'half of what I wanted to say' });
        response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
        response.write(body.slice(0, body.length / 2), () => response.destroy());
        return;
      }
      case 'reply': {
        const { type, body } = this.format(reply);
        response.writeHead(200, { 'content-type': type });
        response.end(body);
      }
    }
  }
}

/** Anthropic's Messages API, streamed; arguments arrive in pieces that split characters' escapes. */
export const anthropicServer = () =>
  new ModelServer(
    ({ text, calls = [], usage = { input: 10, output: 5 }, end = 'natural' }) => {
      const stop = {
        natural: calls.length > 0 ? 'tool_use' : 'end_turn',
        length: 'max_tokens',
        refusal: 'refusal',
      }[end];
      const events: Record<string, unknown>[] = [
        {
          type: 'message_start',
          message: {
            id: 'msg_1',
            type: 'message',
            role: 'assistant',
            model: 'claude-test',
            content: [],
            stop_reason: null,
            stop_sequence: null,
            usage: { input_tokens: usage.input, output_tokens: 1 },
          },
        },
      ];
      const block = (content: unknown, deltas: unknown[]) => {
        const index = events.filter(({ type }) => type === 'content_block_start').length;
        events.push({ type: 'content_block_start', index, content_block: content });
        for (const delta of deltas) events.push({ type: 'content_block_delta', index, delta });
        events.push({ type: 'content_block_stop', index });
      };
      if (text !== undefined)
        block(
          { type: 'text', text: '' },
          pieces(text).map((piece) => ({ type: 'text_delta', text: piece })),
        );
      for (const { id, tool, args } of calls)
        block(
          { type: 'tool_use', id, name: tool, input: {} },
          pieces(args).map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
        );
      events.push(
        {
          type: 'message_delta',
          delta: { stop_reason: stop, stop_sequence: null },
          usage: { output_tokens: usage.output },
        },
        { type: 'message_stop' },
      );
      return {
        type: 'text/event-stream',
        body: events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
      };
    },
    (status, message) => ({
      type: 'error',
      error: { type: status === 401 ? 'authentication_error' : 'api_error', message },
    }),
  );

/** OpenAI's chat completions. */
export const openAiServer = () =>
  new ModelServer(
    ({ text, calls = [], usage, end = 'natural' }) => {
      const finish = { natural: calls.length > 0 ? 'tool_calls' : 'stop', length: 'length', refusal: 'stop' }[
        end
      ];
      const message = {
        role: 'assistant',
        content: end === 'refusal' ? null : (text ?? null),
        ...(end === 'refusal' ? { refusal: 'I cannot help with that' } : {}),
        ...(calls.length > 0
          ? {
              tool_calls: calls.map(({ id, tool, args }) => ({
                id,
                type: 'function',
                function: { name: tool, arguments: args },
              })),
            }
          : {}),
      };
      return {
        type: 'application/json',
        body: JSON.stringify({
          id: 'chatcmpl-1',
          object: 'chat.completion',
          created: 1_700_000_000,
          model: 'test',
          choices: [{ index: 0, message, finish_reason: finish }],
          ...(usage
            ? {
                usage: {
                  prompt_tokens: usage.input,
                  completion_tokens: usage.output,
                  total_tokens: usage.input + usage.output,
                },
              }
            : {}),
        }),
      };
    },
    (status, message) => ({ error: { message, type: 'error', code: String(status) } }),
  );

function pieces(text: string): string[] {
  return text.match(/.{1,7}/gsu) ?? [];
}
