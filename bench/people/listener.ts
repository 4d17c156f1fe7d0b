/** Notes when a listener of a run's live events (SSE over HTTP) was told that an approval was given. */
export interface Listener {
  /** Milliseconds since the epoch; undefined until it was told. */
  toldAt(approvalId: string): number | undefined;
  close(): void;
}

/** @param api base address @param key API key */
export async function listen(api: string, key: string, runId: string): Promise<Listener> {
  const stop = new AbortController();
  const answer = await fetch(new URL(`v1/runs/${runId}/events`, api), {
    headers: { authorization: `Bearer ${key}` },
    signal: stop.signal,
  });
  if (!answer.ok || !answer.body) throw new Error(`the events of ${runId} answer ${answer.status}`);
  const told = new Map<string, number>();
  void read(answer.body as unknown as AsyncIterable<Uint8Array>, told).catch((error) => {
    if (!stop.signal.aborted) throw error;
  });
  return { toldAt: (approvalId) => told.get(approvalId), close: () => stop.abort() };
}

async function read(body: AsyncIterable<Uint8Array>, told: Map<string, number>): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    const now = performance.timeOrigin + performance.now();
    text += decoder.decode(chunk, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      if (!event.includes('event: approval')) continue;
      const data = /^data: (.*)$/m.exec(event)?.[1] ?? '{}';
      const { approvalId, outcome } = JSON.parse(data).data ?? {};
      if (outcome === 'approved') told.set(approvalId, now);
    }
  }
}
