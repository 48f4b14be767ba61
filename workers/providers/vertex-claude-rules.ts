/**
 * What Vertex AI accepts of a Claude request, as data. Whatever it refuses beyond that is learned at run time.
 *
 * Sources: protocol reference §2 (autumn 2026), and what Claude Code sends in its own Vertex mode, dependencies
 * reference §10.8.
 */
export const VERTEX_CLAUDE_RULES = {
  /** Values of `anthropic-beta` that pass; every other is dropped. */
  acceptedBetas: [
    'claude-code-20250219',
    'interleaved-thinking-2025-05-14',
    'context-1m-2025-08-07',
    'context-management-2025-06-27',
    'compact-2026-01-12',
    'compact-2026-09-04',
    'computer-use-2025-01-24',
    'computer-use-2025-11-24',
    'dangerous-tool-use-2026-09-03',
    'effort-2025-11-24',
    'per-turn-control-2026-07-01',
    'thinking-binding-controls-2026-08-01',
    'thinking-display-updates-2026-08-18',
    'thinking-token-count-2026-05-13',
    'tool-search-tool-2025-10-19',
    'web-search-2025-03-05',
  ],
  /** Values that have another name here. */
  translatedBetas: { 'advanced-tool-use-2025-11-20': 'tool-search-tool-2025-10-19' },
  /** Accepted values that counting tokens refuses. */
  countTokensRefusedBetas: ['web-search-2025-03-05'],
  /** Body fields without effect on the answer: taken out. */
  strippedFields: ['service_tier', 'inference_geo', 'diagnostics', 'speed', 'context_management'],
  /** Body fields that change what the user asked for: refused with their name. */
  refusedFields: ['mcp_servers', 'container', 'fallbacks', 'fallback_credit_token', 'thread'],
  /** The body's version for a header version; a version that is not here is its own. */
  bodyVersions: { '2023-06-01': 'vertex-2023-10-16' },
  defaultBodyVersion: 'vertex-2023-10-16',
  /** Where everything is the user's own JSON: no field is taken out below these. */
  opaqueKeys: ['input', 'input_schema', 'input_examples', 'schema', 'metadata'],
} as const;
