/** What ties a client's request to what the providers saw and to what the ledger tells of it. */

/** A request of a client: its number, and how often that client had tried before. */
export interface Mark {
  readonly request: number;
  readonly tries: number;
}

/** The session id under which a request is sent, and which its events carry. */
export function sessionOf({ request, tries }: Mark): string {
  return `truth-${request}-${tries}`;
}

/**
 * The words of a prompt with its mark. `order` is what it tells the sandbox to do: a fault is played once, for whatever stands
 * before it, so that only the first try meets it.
 */
export function promptOf({ request, tries }: Mark, order: string): string {
  return `truth request ${request}.\n${order}\ntry ${tries}.`;
}

/** The session of a body that reached a provider, on whichever wire; null = it has no mark. */
export function sessionIn(body: Buffer): string | null {
  const text = body.toString();
  const request = /truth request (\d+)\./.exec(text)?.[1];
  const tries = /ntry (\d+)\./.exec(text)?.[1];
  if (request === undefined || tries === undefined) return null;
  return sessionOf({ request: Number(request), tries: Number(tries) });
}
