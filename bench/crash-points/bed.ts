import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { jetstreamManager } from '@nats-io/jetstream';
import { type Bus, type BusMessage, connectBus } from '../../bus/connect.ts';
import { createLog } from '../../bus/log.ts';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { STREAMS } from '../../schemas/subjects.ts';
import { within } from '../../test/support/latch.ts';
import { type Books, checkBooks } from '../truth/books.ts';
import { SeenCalls } from '../truth/calls.ts';
import { startTruthCluster, type TruthCluster, type Victim } from '../truth/cluster.ts';
import type { Kill } from '../truth/killer.ts';
import { promptOf, sessionOf } from '../truth/marks.ts';

/** What a crash point stands on: a gateway of one worker and one ledger, whose messages are watched. */
export interface Bed extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly cluster: TruthCluster;
  readonly bus: Bus;
  /** The only worker. */
  readonly worker: Victim;
  /** The only ledger, unless there is none. */
  readonly ledger: Victim | undefined;
  /** Resolves once the provider has the whole of the next request for a message. */
  nextCall(): Promise<void>;
  /** Sends a streaming request. */
  ask(options?: AskOptions): Asked;
  /** The next message on a subject that `isWanted`; it is watched for once the promise resolves. */
  watch(subject: string, isWanted?: (message: BusMessage) => boolean): Promise<Watch>;
  /** `kill -9`, and starts it again. */
  kill(victim: Victim): Promise<void>;
  /** JetStream stores and never says so: what a full disk looks like to its publishers. */
  setSilent(isSilent: boolean): Promise<void>;
  /** See `checkBooks`. */
  check(): Promise<Books>;
  readonly kills: number;
}

/** A message that is to come. */
export interface Watch {
  /** Rejects when it stays out. */
  readonly seen: Promise<BusMessage>;
}

/** What a request is made of. */
export interface AskOptions {
  /** What the prompt tells the sandbox. */
  readonly order?: string;
  /** Characters by which the prompt is larger. */
  readonly padding?: number;
}

/** A request under way. */
export interface Asked {
  /** Resolves once the answer so far fulfils it; rejects when it ends before. */
  until(isThere: (text: string) => boolean): Promise<void>;
  /** The client hangs up. */
  leave(): void;
  /** Resolves with what came, however it ended. */
  readonly ended: Promise<string>;
}

/** What is different at a crash point. */
export interface BedOptions {
  readonly environment?: Record<string, string>;
  readonly hasLedger?: boolean;
}

/** Starts a bed. */
export async function startBed(options: BedOptions): Promise<Bed> {
  await using stack = new AsyncDisposableStack();
  const sandbox = stack.use(await startSandbox({ host: '127.0.0.1', port: 0 }));
  const cluster = stack.use(
    await startTruthCluster({
      upstream: sandbox.url,
      workers: 1,
      ingresses: 1,
      ledgers: options.hasLedger === false ? 0 : 1,
      environment: { PROVIDER_CHAIN: 'anthropic', ...options.environment },
    }),
  );
  const log = createLog({ level: 'error', name: 'crash-points' });
  const bus = stack.use(await connectBus({ servers: cluster.natsUrl, name: 'watch', log }));
  const seen = new SeenCalls(sandbox.control);
  const killed: Kill[] = [];
  const [worker] = cluster.workers;
  const [origin] = cluster.origins;
  if (worker === undefined || origin === undefined) throw new Error('a program is missing');
  let requests = 0;
  const running = stack.move();
  return {
    sandbox,
    cluster,
    bus,
    worker,
    ledger: cluster.ledgers[0],
    get kills() {
      return killed.length;
    },
    async nextCall() {
      // Workers ask for lists of models, too.
      while ((await sandbox.control.nextRequest()).operation !== 'messages');
    },
    ask(askOptions = {}) {
      requests += 1;
      return ask(origin, requests, askOptions);
    },
    watch: (subject, isWanted = () => true) => watch(bus, subject, isWanted),
    async kill(victim) {
      killed.push({ name: victim.name, atMs: Date.now() });
      await victim.kill(0);
    },
    async setSilent(isSilent) {
      const manager = await jetstreamManager(bus.connection);
      await manager.streams.update(STREAMS.events, { no_ack: isSilent });
    },
    async check() {
      await within(sandbox.control.whenIdle(), 'the end of all calls', CALLS_MS_MAX);
      seen.collect();
      return checkBooks({ cluster, calls: seen.all, killed });
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const CALLS_MS_MAX = 30_000;

async function watch(
  bus: Bus,
  subject: string,
  isWanted: (message: BusMessage) => boolean,
): Promise<Watch> {
  const { promise, resolve } = Promise.withResolvers<BusMessage>();
  const subscription = bus.subscribe(subject, (message) => {
    if (!isWanted(message)) return;
    subscription.unsubscribe();
    resolve(message);
  });
  await bus.connection.flush();
  const seen = within(promise, `a message on ${subject}`);
  seen.catch(() => {}); // told to whoever waits for it
  return { seen };
}

function ask(origin: string, number: number, { order = '', padding = 0 }: AskOptions): Asked {
  const mark = { conversation: number, request: number, tries: 0 };
  const call = httpRequest(`${origin}/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
      'x-claude-code-session-id': sessionOf(mark),
    },
  });
  const content = `${promptOf(mark, order)}${' x'.repeat(padding / 2)}`;
  const messages = [{ role: 'user', content }];
  call.end(
    JSON.stringify({ model: 'claude-sonnet-5-5', max_tokens: 4_096, stream: true, messages }),
  );
  let text = '';
  let onText: () => void = () => {};
  const ended = readAll(call, (piece) => {
    text += piece;
    onText();
  }).then(() => text);
  return {
    ended,
    leave: () => void call.destroy(),
    until(isThere) {
      const there = new Promise<void>((resolve) => {
        onText = () => isThere(text) && resolve();
        onText();
      });
      const over = ended.then(() => Promise.reject(new Error(`it ended before: ${text}`)));
      return within(Promise.race([there, over]), 'a part of an answer');
    },
  };
}

// However it breaks: clients of killed programs see many ends.
async function readAll(
  call: ReturnType<typeof httpRequest>,
  onPiece: (piece: string) => void,
): Promise<void> {
  try {
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    response.setEncoding('utf8');
    for await (const piece of response) onPiece(piece);
  } catch {}
}
