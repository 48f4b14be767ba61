import type { Log } from '../bus/log.ts';
import { LIMITS } from '../config/limits.ts';
import type { WebhookSettings } from '../config/load-alerts.ts';
import type { Alert } from '../schemas/alert.ts';
import { webhookSignature } from './webhook-signature.ts';

/** Posts alerts to an address, one after another. Disposing it drops those that wait. */
export interface Webhook extends AsyncDisposable {
  /** Never waits and never throws. */
  post(alert: Alert): void;
}

/** What a test may change. */
export interface WebhookOptions {
  readonly log: Log;
  /** Milliseconds before the second try; the limit is the default. */
  readonly retryMs?: number;
  /** Milliseconds that one try may take; the limit is the default. */
  readonly timeoutMs?: number;
}

/** Starts posting: each alert as JSON, tried until it is answered by 2xx, `webhookTriesMax` times. Redirects are failures. */
export function startWebhook(settings: WebhookSettings, options: WebhookOptions): Webhook {
  return new WebhookQueue(settings, options);
}

class WebhookQueue implements Webhook {
  readonly #settings: WebhookSettings;
  readonly #log: Log;
  readonly #retryMs: number;
  readonly #timeoutMs: number;
  readonly #stop = new AbortController();
  readonly #waiting: Alert[] = [];
  #running: Promise<void> | null = null;

  constructor(settings: WebhookSettings, { log, retryMs, timeoutMs }: WebhookOptions) {
    this.#settings = settings;
    this.#log = log;
    this.#retryMs = retryMs ?? LIMITS.webhookRetryMs;
    this.#timeoutMs = timeoutMs ?? LIMITS.webhookMsMax;
  }

  post(alert: Alert): void {
    if (this.#stop.signal.aborted) return;
    this.#waiting.push(alert);
    if (this.#waiting.length > LIMITS.webhookQueueMax) this.#drop(this.#waiting.shift());
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      const alert = this.#waiting.shift();
      if (alert === undefined) return;
      if (!(await this.#deliver(alert))) this.#drop(alert);
    }
  }

  async #deliver(alert: Alert): Promise<boolean> {
    for (let tries = 1; !this.#stop.signal.aborted; tries += 1) {
      const failure = await this.#try(alert);
      if (failure === null) return true;
      this.#log.warn({ id: alert.id, tries, failure }, 'an alert was not taken by the webhook');
      if (tries >= LIMITS.webhookTriesMax) return false;
      await this.#pause(Math.min(this.#retryMs * 2 ** (tries - 1), LIMITS.webhookRetryMsMax));
    }
    return false;
  }

  // Null = taken. The address may hold a secret: errors of the client library do not name it, and nor do we.
  async #try(alert: Alert): Promise<string | null> {
    const { url, secret } = this.#settings;
    const body = JSON.stringify(alert);
    const signed = secret === null ? null : webhookSignature(secret, body, Date.now());
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        redirect: 'manual',
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#timeoutMs)]),
        headers: {
          'content-type': 'application/json',
          'user-agent': 'claude-code-multimodel',
          ...(signed === null ? {} : { 'x-gateway-signature': signed }),
        },
      });
      await response.body?.cancel();
      return response.ok ? null : `status ${response.status}`;
    } catch (error) {
      return reasonOf(error);
    }
  }

  #pause(waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { signal } = this.#stop;
    const timer = setTimeout(resolve, waitMs);
    signal.addEventListener('abort', () => resolve(), { once: true });
    return promise.finally(() => clearTimeout(timer));
  }

  #drop(alert: Alert | undefined): void {
    if (alert !== undefined) {
      this.#log.error({ id: alert.id }, 'an alert is no longer offered to the webhook');
    }
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return code === '' ? error.name : code;
}
