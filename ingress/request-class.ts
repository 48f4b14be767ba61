import type { RequestClass } from '../schemas/request-class.ts';
import type { ScannedRequest } from './request-fields.ts';
import { asksForCompaction, asksForTitle, isMarkedSubagent } from './request-shape.ts';

/** Claude Code's own word, sent when CLAUDE_CODE_GATEWAY_HINT_HEADERS=1. */
const HINT_HEADER = 'x-claude-code-request-class';
const AGENT_HEADER = 'x-claude-code-agent-id';
const HINTS: Readonly<Record<string, RequestClass>> = {
  main: 'main',
  subagent: 'subagent',
  compaction: 'compaction',
  auxiliary: 'auxiliary',
};

/** What was read of the request already. */
export interface KnownShape {
  readonly toolCount: number;
  readonly hasWebSearch: boolean;
}

/**
 * Tells what a request is for: by Claude Code's hint header, else by the request's shape. `auxiliary`, which the header
 * says of every side call, is told more exactly where the shape does.
 */
export function readRequestClass(
  request: ScannedRequest,
  known: KnownShape,
  header: (name: string) => string | undefined,
): RequestClass {
  const hint = hintOf(header(HINT_HEADER));
  if (hint === null) return classByShape(request, known, header) ?? 'main';
  return hint === 'auxiliary' ? (sideCall(request, known) ?? hint) : hint;
}

function hintOf(header: string | undefined): RequestClass | null {
  const word = header?.trim().toLowerCase() ?? '';
  return Object.hasOwn(HINTS, word) ? (HINTS[word] ?? null) : null;
}

function classByShape(
  request: ScannedRequest,
  known: KnownShape,
  header: (name: string) => string | undefined,
): RequestClass | null {
  const side = sideCall(request, known);
  if (side !== null) return side;
  if (asksForCompaction(request)) return 'compaction';
  const isSubagent = header(AGENT_HEADER) !== undefined || isMarkedSubagent(request);
  return isSubagent ? 'subagent' : null;
}

// A conversation that may search as well has more tools than that.
function sideCall(request: ScannedRequest, { toolCount, hasWebSearch }: KnownShape) {
  if (hasWebSearch && toolCount === 1) return 'search';
  if (toolCount === 0 && asksForTitle(request)) return 'title';
  return null;
}
