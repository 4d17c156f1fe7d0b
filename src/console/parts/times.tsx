/** A moment; the browser writes it in the reader's own time. Milliseconds since the epoch. */
export function Time({ at, format = 'full' }: { at: number; format?: 'full' | 'clock' }) {
  const iso = new Date(at).toISOString();
  const shown = format === 'clock' ? iso.slice(11, 19) : iso.slice(0, 16).replace('T', ' ');
  return (
    <time datetime={iso} data-format={format}>
      {shown} UTC
    </time>
  );
}

/** How long ago, in words; the browser keeps it up to date. */
export function Ago({ at, now = Date.now() }: { at: number; now?: number }) {
  return (
    <time datetime={new Date(at).toISOString()} data-format="ago">
      {now - at < 5_000 ? 'just now' : `${duration(now - at)} ago`}
    </time>
  );
}

/** How long there is still. */
export function Until({ at, now = Date.now() }: { at: number; now?: number }) {
  return (
    <time datetime={new Date(at).toISOString()} data-format="until">
      {at <= now ? 'time is up' : `${duration(at - now)} left`}
    </time>
  );
}

/** `1 h 5 min`, `12 s`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}
