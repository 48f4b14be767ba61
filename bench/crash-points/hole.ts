import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** A server that takes the first bytes of whoever connects and never says anything. */
export interface Hole extends AsyncDisposable {
  /** `host:port`. */
  readonly address: string;
  /** Resolves once the next `POST` has begun to come. */
  nextPost(): Promise<void>;
}

/** Starts it on a free port of the loopback. */
export async function startHole(): Promise<Hole> {
  const sockets = new Set<Socket>();
  let onPost: () => void = () => {};
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}); // whoever connects is killed
    socket.once('data', (bytes) => {
      socket.pause(); // the rest of a large body stays with its sender
      if (bytes.toString('latin1', 0, 4) === 'POST') onPost();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    address: `127.0.0.1:${address.port}`,
    nextPost: () =>
      new Promise((resolve) => {
        onPost = resolve;
      }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
