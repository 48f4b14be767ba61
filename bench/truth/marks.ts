/** What ties a client's request to what the providers saw and to what the ledger tells of it. */

/** A request of a client: its number and its conversation's, and how often that client had tried before. */
export interface Mark {
  readonly conversation: number;
  readonly request: number;
  readonly tries: number;
}

/** The session id under which a conversation's requests are sent, and which their events carry. */
export function sessionOf({ conversation }: Pick<Mark, 'conversation'>): string {
  return `truth-${conversation}`;
}

/**
 * The words of a prompt with its mark. `order` is what it tells the sandbox to do: a fault is played once, for whatever stands
 * before it, so that only the first try meets it.
 */
export function promptOf({ conversation, request, tries }: Mark, order: string): string {
  return `truth conversation ${conversation} request ${request}.\n${order}\ntry ${tries}.`;
}

/** The session of a body that reached a provider, on whichever wire; null = it has no mark. */
export function sessionIn(body: Buffer): string | null {
  const conversation = /truth conversation (\d+) request/.exec(body.toString())?.[1];
  return conversation === undefined ? null : sessionOf({ conversation: Number(conversation) });
}
