import type { Dialect } from './dialect.ts';
import { anthropic } from './dialects/anthropic.ts';
import { githubModels } from './dialects/github-models.ts';
import { openaiCompatible } from './dialects/openai-compatible.ts';
import { openrouter } from './dialects/openrouter.ts';
import { openrouterChat } from './dialects/openrouter-chat.ts';
import { vertexClaude } from './dialects/vertex-claude.ts';
import { vertexGemini } from './dialects/vertex-gemini.ts';

/**
 * The providers that the sandbox stands in for: one line for each wire. The path of a request tells which is meant,
 * and the first that knows it answers.
 */
export const dialects: readonly Dialect[] = [
  anthropic,
  vertexClaude,
  vertexGemini,
  openrouter,
  openrouterChat,
  githubModels,
  openaiCompatible,
];
