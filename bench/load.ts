import { Pool } from 'undici';

/** One kind of request to send over and over. */
export interface LoadCase {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The answer must have exactly this many bytes after the first one measured; else it counts as an error. */
  readonly isStream: boolean;
}

/** What came of a run. Times in milliseconds. */
export interface LoadResult {
  readonly requests: number;
  readonly errors: number;
  readonly seconds: number;
  readonly latencyMs: readonly number[];
  readonly firstByteMs: readonly number[];
}

/** Sends requests one after another on `concurrency` connections for `seconds` (closed loop). */
export async function runLoad(
  load: LoadCase,
  options: { concurrency: number; seconds: number; requestsMax?: number },
): Promise<LoadResult> {
  const pool = new Pool(load.origin, { connections: options.concurrency, pipelining: 1 });
  const latencyMs: number[] = [];
  const firstByteMs: number[] = [];
  let errors = 0;
  const startedAtMs = performance.now();
  const endAtMs = startedAtMs + options.seconds * 1000;
  const requestsMax = options.requestsMax ?? Number.POSITIVE_INFINITY;
  let sent = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() < endAtMs && sent < requestsMax) {
      sent += 1;
      const times = await once(pool, load);
      if (times === null) errors += 1;
      else {
        latencyMs.push(times.latencyMs);
        firstByteMs.push(times.firstByteMs);
      }
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  const seconds = (performance.now() - startedAtMs) / 1000;
  await pool.close();
  return { requests: latencyMs.length, errors, seconds, latencyMs, firstByteMs };
}

const TAIL_BYTES = 4_096;

function once(
  pool: Pool,
  load: LoadCase,
): Promise<{ latencyMs: number; firstByteMs: number } | null> {
  return new Promise((resolve) => {
    const startedAtMs = performance.now();
    let firstAtMs = 0;
    let status = 0;
    let tail = Buffer.alloc(0);
    pool.dispatch(
      { method: 'POST', path: load.path, headers: { ...load.headers }, body: load.body },
      {
        onRequestStart() {},
        onResponseStart(_controller, statusCode) {
          status = statusCode;
        },
        onResponseData(_controller, chunk) {
          if (load.isStream) tail = Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
          // A stream begins for its reader with the first text: message_start alone shows nothing.
          const hasBegun = !load.isStream || tail.includes('content_block_delta');
          if (firstAtMs === 0 && hasBegun) firstAtMs = performance.now();
        },
        onResponseEnd() {
          const isWhole = !load.isStream || tail.includes('message_stop');
          if (status !== 200 || !isWhole) resolve(null);
          else {
            const latencyMs = performance.now() - startedAtMs;
            resolve({ latencyMs, firstByteMs: firstAtMs - startedAtMs });
          }
        },
        onResponseError() {
          resolve(null);
        },
      },
    );
  });
}

/** The value below which a share of the samples lies. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
