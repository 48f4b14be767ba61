import type { RequestFacts } from './envelope.ts';

/** The conversation that a request belongs to: its session and agent; null = it has no session. */
export function conversationOf({
  sessionId,
  agentId,
}: Pick<RequestFacts, 'sessionId' | 'agentId'>): string | null {
  if (sessionId === null) return null;
  return agentId === null ? sessionId : `${sessionId}/${agentId}`;
}
