import type * as UWebSockets from 'uWebSockets.js';
import { LIMITS } from '../../config/limits.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { answerHandlerFailure, refusalAnswer } from './failures.ts';
import { guard } from './guard.ts';
import type { HttpEngine, HttpListenOptions, HttpServer } from './http.ts';
import { AddressInUseError } from './listen-error.ts';
import { type ReplyOwner, UwsReply } from './uwebsockets-reply.ts';
import { UwsRequest } from './uwebsockets-request.ts';

/** Makes the engine from the loaded native module. */
export function createUWebSocketsEngine(uws: typeof UWebSockets): HttpEngine {
  return { name: 'uwebsockets', listen: (options) => listen(uws, options) };
}

function listen(uws: typeof UWebSockets, options: HttpListenOptions): Promise<HttpServer> {
  const app = uws.App();
  let active = 0;
  let connections = 0;
  let isDraining = false;
  const owner: ReplyOwner = {
    get isDraining() {
      return isDraining;
    },
    began() {
      active += 1;
    },
    ended() {
      active -= 1;
    },
  };
  const onConnection = (response: UWebSockets.HttpResponse, count: unknown): void => {
    const change = Number(count); // +1 or −1; its type says otherwise
    connections += Math.sign(change);
    if (connections > LIMITS.connectionsMax) response.close();
  };
  app.filter(onConnection);
  app.any('/*', (response, request) => handle(response, request, { options, owner }));
  return new Promise((resolve, reject) => {
    // The native function takes host, port and options together; its types do not list that form.
    const listenAt = app.listen.bind(app) as unknown as ListenAt;
    listenAt(options.host, options.port, EXCLUSIVE_PORT, (socket) => {
      if (socket === false) {
        reject(new AddressInUseError(options.host, options.port));
        return;
      }
      let isListening = true;
      const stopListening = (): void => {
        if (isListening) uws.us_listen_socket_close(socket);
        isListening = false;
      };
      resolve({
        port: uws.us_socket_local_port(socket),
        get activeRequests() {
          return active;
        },
        stopAccepting() {
          isDraining = true;
          stopListening();
        },
        async [Symbol.asyncDispose]() {
          stopListening();
          app.close();
        },
      });
    });
  });
}

/** LIBUS_LISTEN_EXCLUSIVE_PORT: without it two programs share a port without a word. */
const EXCLUSIVE_PORT = 1;

type ListenAt = (
  host: string,
  port: number,
  options: number,
  listener: (socket: UWebSockets.us_listen_socket | false) => void,
) => void;

function handle(
  response: UWebSockets.HttpResponse,
  uwsRequest: UWebSockets.HttpRequest,
  state: { options: HttpListenOptions; owner: ReplyOwner },
): void {
  const method = uwsRequest.getCaseSensitiveMethod();
  const path = uwsRequest.getUrl();
  const query = uwsRequest.getQuery() ?? '';
  const headers: HeaderPair[] = [];
  uwsRequest.forEach((name, value) => {
    headers.push([name, value]);
  });
  const target = query === '' ? path : `${path}?${query}`;
  const refusal = guard({ method, target, headers });
  if (refusal?.isFramingInDoubt === true) {
    // The parser would go on with whatever follows in this segment; only closing stops it.
    response.close();
    return;
  }
  const reply = new UwsReply(response, { isHead: method === 'HEAD', owner: state.owner });
  if (refusal !== null) {
    const answer = refusalAnswer(refusal);
    reply.sendAndClose(answer.status, answer.headers, answer.body);
    return;
  }
  const request = new UwsRequest(response, { method, path, query, headers, reply });
  callHandler(state.options, request, reply);
}

// A function of its own, so that no closure keeps the headers as long as the answer takes.
function callHandler(options: HttpListenOptions, request: UwsRequest, reply: UwsReply): void {
  const fail = (error: unknown): void => {
    options.onHandlerFailure(error);
    answerHandlerFailure(reply);
  };
  try {
    options.handler(request, reply)?.catch(fail);
  } catch (error) {
    fail(error);
  }
}
