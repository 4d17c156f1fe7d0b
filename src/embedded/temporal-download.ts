import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type HostEnvironment, runToEnd } from './programs';

/** Where the Temporal SDKs get the CLI from. */
export const temporalDownloads = new URL('https://temporal.download/');

/**
 * Downloads the pinned CLI and unpacks it into `folder`; returns the binary's path. An attempt ends after ten seconds
 * unless it would, at the speed measured so far, be complete within two minutes. Throws when it cannot be had.
 */
export async function downloadTemporal(options: {
  version: string;
  folder: string;
  from: URL;
  environment: HostEnvironment;
  /** @default 10_000 */
  giveUpAfterMs?: number;
}): Promise<string> {
  const { version, folder, from, environment, giveUpAfterMs = 10_000 } = options;
  const architecture = ({ x64: 'amd64', arm64: 'arm64' } as Record<string, string>)[process.arch];
  if (architecture === undefined) throw new Error(`no download for ${process.arch}`);
  const address = new URL(
    `cli/archive/v${version}?platform=${process.platform}&arch=${architecture}&format=tar.gz`,
    from,
  );
  const archive = join(folder, 'temporal.tar.gz');
  await downloadFile(address, archive, giveUpAfterMs);
  const { exitCode, output } = await runToEnd('tar', ['-xzf', archive, '-C', folder, 'temporal'], {
    environment,
  });
  if (exitCode !== 0) throw new Error(`the archive could not be unpacked: ${output.trim().slice(0, 200)}`);
  return join(folder, 'temporal');
}

async function downloadFile(address: URL, file: string, giveUpAfterMs: number): Promise<void> {
  const startedAt = Date.now();
  const abort = new AbortController();
  let received = 0;
  let total = 0;
  const isWorthWaiting = () =>
    total > 0 && received / total > (Date.now() - startedAt) / (12 * giveUpAfterMs);
  const watch = setInterval(
    () => {
      if (Date.now() - startedAt >= giveUpAfterMs && !isWorthWaiting()) {
        abort.abort(new Error(`no download within ${giveUpAfterMs / 1_000} s`));
      }
    },
    Math.min(250, giveUpAfterMs),
  );
  try {
    const response = await fetch(address, { signal: abort.signal, redirect: 'follow' });
    if (!response.ok || response.body === null) throw new Error(`the download answered ${response.status}`);
    total = Number(response.headers.get('content-length') ?? 0);
    const count = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        received += chunk.length;
        done(null, chunk);
      },
    });
    const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
    await pipeline(body, count, createWriteStream(file, { mode: 0o600 }), { signal: abort.signal });
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    clearInterval(watch);
  }
}
