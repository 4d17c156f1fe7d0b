import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export type ApiMetrics = ReturnType<typeof createMetrics>;

/** What the API counts. */
export function createMetrics(registry: Registry) {
  const registers = [registry];
  const answers = new Histogram({
    name: 'gatehouse_api_request_seconds',
    help: 'How long requests took until their answer began',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const streams = new Gauge({
    name: 'gatehouse_api_event_streams',
    help: 'Event streams that are open',
    registers,
  });
  const events = new Counter({
    name: 'gatehouse_api_events_sent_total',
    help: 'Events sent to listeners',
    registers,
  });
  const refused = new Counter({
    name: 'gatehouse_api_refused_total',
    help: 'Requests that were refused, by code',
    labelNames: ['code'],
    registers,
  });
  return {
    answered({
      method,
      route,
      status,
      tookMs,
    }: {
      method: string;
      route: string;
      status: number;
      tookMs: number;
    }) {
      answers.observe({ method, route, status }, tookMs / 1_000);
    },
    refused: (code: string) => refused.inc({ code }),
    streamBegan: () => streams.inc(),
    streamEnded: () => streams.dec(),
    eventsSent: (count: number) => events.inc(count),
  };
}
