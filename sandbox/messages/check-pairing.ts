import { invalidRequest } from '../api-failure.ts';
import type { Turn } from './check-messages.ts';
import { type JsonObject, textOf } from './json.ts';

/**
 * Checks that every `tool_use` has its one `tool_result` at the start of the next user turn, and that there is none
 * without. Turns of one role in a row count as one. Throws ApiFailure in the true words.
 */
export function checkPairing(turns: readonly Turn[]): void {
  const merged = mergeTurns(turns);
  const seen = new Set<string>();
  let open: OpenCalls = { index: 0, ids: [] };
  for (const turn of merged) {
    if (turn.role === 'user') {
      checkResults(turn, open);
      open = { index: turn.index, ids: [] };
      continue;
    }
    const ids = turn.blocks.filter(isToolUse).map(({ block }) => textOf(block['id']));
    for (const { block, where } of turn.blocks.filter(isToolUse)) {
      const id = textOf(block['id']);
      if (seen.has(id)) throw invalidRequest(`${where}: \`tool_use\` ids must be unique`);
      seen.add(id);
    }
    open = { index: turn.index, ids };
  }
  if (open.ids.length > 0) throw missingResults(open);
}

interface OpenCalls {
  readonly index: number;
  readonly ids: readonly string[];
}

interface PlacedBlock {
  readonly block: JsonObject;
  readonly where: string;
}

interface MergedTurn {
  readonly index: number;
  readonly role: Turn['role'];
  readonly blocks: PlacedBlock[];
}

function mergeTurns(turns: readonly Turn[]): MergedTurn[] {
  const merged: MergedTurn[] = [];
  for (const { index, role, blocks } of turns) {
    const placed = blocks.map((block, at) => ({ block, where: `messages.${index}.content.${at}` }));
    const last = merged.at(-1);
    if (last?.role === role) last.blocks.push(...placed);
    else merged.push({ index, role, blocks: placed });
  }
  return merged;
}

function checkResults({ blocks }: MergedTurn, open: OpenCalls): void {
  const answered = new Set<string>();
  let isLeading = true;
  for (const { block, where } of blocks) {
    if (block['type'] !== 'tool_result') {
      isLeading = false;
      continue;
    }
    const id = textOf(block['tool_use_id']);
    if (!open.ids.includes(id)) {
      throw invalidRequest(
        `${where}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
      );
    }
    if (answered.has(id)) {
      throw invalidRequest(
        `${where}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`,
      );
    }
    // A result behind other content does not count as "immediately after".
    if (isLeading) answered.add(id);
  }
  const missing = open.ids.filter((id) => !answered.has(id));
  if (missing.length > 0) throw missingResults({ index: open.index, ids: missing });
}

function missingResults({ index, ids }: OpenCalls): Error {
  return invalidRequest(
    `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
  );
}

function isToolUse({ block }: PlacedBlock): boolean {
  return block['type'] === 'tool_use';
}
