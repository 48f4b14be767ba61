/**
 * `node bench/slow-readers.ts [--readers 50]`: readers of 1 KB/s before an upstream that streams as fast as it can. Says what
 * each costs the gateway (all roles in one process): resident memory, and buffers with those not collected yet.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { CASES, requestBody } from './cases.ts';
import { gatewayMemory } from './gateway-memory.ts';
import { treeUsage } from './process-tree.ts';
import { oneProcessTarget, type Target } from './targets.ts';

const { values } = parseArgs({ options: { readers: { type: 'string', default: '50' } } });
const READERS = Number(values.readers);
const READ_BYTES = 1_024;
const READ_MS = 1_000;
const LOOKS = 6;
const LOOK_MS = 5_000;
/** Each reads some megabytes at full speed before: code is compiled, and memory that a rush needs once is taken. */
const WARM_UP_READERS = 100;
const WARM_UP_BYTES = 4_000_000;

const START =
  'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant",' +
  '"model":"claude-sonnet-5-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":1}}}\n\n' +
  'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n';
const DELTA = `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"${'word '.repeat(20)}"}}\n\n`;

function streamForEver(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(START);
  const fill = (): void => {
    while (!response.destroyed && response.write(DELTA.repeat(8)));
  };
  response.on('drain', fill);
  fill();
}

function openReader({ origin }: Target): Socket {
  const { hostname, port, host } = new URL(origin);
  const body = requestBody(READ_BYTES, true);
  const head = [
    'POST /v1/messages HTTP/1.1',
    `host: ${host}`,
    ...Object.entries(CASES[0]?.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${body.length}`,
  ];
  const socket = connect(Number(port), hostname).pause();
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.write(body);
  const timer = setInterval(() => socket.read(READ_BYTES), READ_MS);
  socket.on('close', () => clearInterval(timer));
  return socket;
}

async function readFast({ origin }: Target): Promise<void> {
  const headers = CASES[0]?.headers ?? {};
  const body = requestBody(READ_BYTES, true);
  const answer = await fetch(`${origin}/v1/messages`, { method: 'POST', headers, body });
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    bytes += piece.length;
    if (bytes >= WARM_UP_BYTES) break;
  }
}

await using stack = new AsyncDisposableStack();
const upstream = createServer(async (request, response) => {
  for await (const _ of request); // its whole body
  streamForEver(response);
}).listen(0, '127.0.0.1');
stack.defer(() => void upstream.close().closeAllConnections());
await once(upstream, 'listening');
const { port } = upstream.address() as AddressInfo; // a TCP server's address is never a string
const target = stack.use(await oneProcessTarget(`http://127.0.0.1:${port}`));
await Promise.all(Array.from({ length: WARM_UP_READERS }, () => readFast(target)));
await new Promise((resolve) => setTimeout(resolve, LOOK_MS));

const before = { rss: treeUsage(target.pids).rssBytes, ...(await gatewayMemory(target.origin)) };
const readers = Array.from({ length: READERS }, () => openReader(target));
for (let look = 1; look <= LOOKS; look += 1) {
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  const { external } = await gatewayMemory(target.origin);
  const kilobytes = (bytes: number): string => (bytes / READERS / 1_000).toFixed(0);
  const resident = kilobytes(treeUsage(target.pids).rssBytes - before.rss);
  process.stdout.write(
    `after ${(look * LOOK_MS) / 1_000} s: ${resident} KB resident, ${kilobytes(external - before.external)} KB of buffers each\n`,
  );
}
for (const reader of readers) reader.destroy();
