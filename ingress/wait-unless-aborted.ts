import type { HttpReply } from './http/http.ts';

/** Resolves after `waitMs`, or as soon as the client leaves. */
export function waitUnlessAborted(reply: HttpReply, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    reply.onAbort(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
