import type { Dialect } from './dialect.ts';
import { anthropic } from './dialects/anthropic.ts';
import { openrouter } from './dialects/openrouter.ts';
import { vertexClaude } from './dialects/vertex-claude.ts';

/** The providers that the sandbox stands in for: one line each. The path of a request tells which is meant. */
export const dialects: readonly Dialect[] = [anthropic, vertexClaude, openrouter];
