import type { HttpEngine } from './http.ts';
import { nodeHttpEngine } from './node-http.ts';
import { createUWebSocketsEngine } from './uwebsockets.ts';
import { loadUWebSockets } from './uwebsockets-loader.ts';

/**
 * Chooses the HTTP engine: uWebSockets.js where its binary loads, else node:http. One log line says which and why.
 *
 * @throws Error when `uwebsockets` is demanded and cannot load.
 */
export async function selectEngine(
  preference: 'auto' | 'uwebsockets' | 'node-http',
  log: (line: string) => void,
): Promise<HttpEngine> {
  if (preference === 'node-http') {
    log('http engine: node:http, as configured');
    return nodeHttpEngine;
  }
  const loaded = await loadUWebSockets();
  if (loaded.module !== null) {
    log(`http engine: uWebSockets.js, ${loaded.how}`);
    return createUWebSocketsEngine(loaded.module);
  }
  if (preference === 'uwebsockets') {
    throw new Error(
      `GATEWAY_HTTP_ENGINE is uwebsockets, but it does not load here (${loaded.how}); use auto or node-http`,
    );
  }
  log(`http engine: node:http, because uWebSockets.js does not load here (${loaded.how})`);
  return nodeHttpEngine;
}
