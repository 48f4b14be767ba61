import { freshToolId } from '../../translation/fresh-tool-id.ts';

/** What Anthropic accepts as a `tool_use` id: the call may travel there later. */
const FITTING = /^[a-zA-Z0-9_-]{1,64}$/;

/** The id that the client sees: the server's own where Anthropic would accept it, else a fresh one. */
export function clientToolId(upstreamId: string | null, taken: ReadonlySet<string>): string {
  if (upstreamId !== null && FITTING.test(upstreamId) && !taken.has(upstreamId)) return upstreamId;
  return freshToolId();
}
