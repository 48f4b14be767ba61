/**
 * What a request is for, as Claude Code tells by its hint headers or by the request's shape. `auxiliary` = small side
 * calls that are neither titles nor searches.
 */
export const REQUEST_CLASSES = [
  'main',
  'subagent',
  'title',
  'search',
  'compaction',
  'auxiliary',
] as const;
/** One of REQUEST_CLASSES. */
export type RequestClass = (typeof REQUEST_CLASSES)[number];
