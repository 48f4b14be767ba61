import { LRUCache } from 'lru-cache';
import { LIMITS } from '../../config/limits.ts';
import type { HeaderPair, Operation } from '../../schemas/envelope.ts';
import { asBuffer } from '../json.ts';
import { listHeader } from '../request-headers.ts';
import { VERTEX_CLAUDE_RULES } from './vertex-claude-rules.ts';

const ACCEPTED: ReadonlySet<string> = new Set(VERTEX_CLAUDE_RULES.acceptedBetas);
const REFUSED_BY_COUNT: ReadonlySet<string> = new Set(VERTEX_CLAUDE_RULES.countTokensRefusedBetas);
const TRANSLATED: ReadonlyMap<string, string> = new Map(
  Object.entries(VERTEX_CLAUDE_RULES.translatedBetas),
);
/** Values remembered per model. */
const REFUSED_BETAS_MAX = 64;

/** The `anthropic-beta` values that Vertex gets, by rule and by what it refused before. */
export interface VertexBetas {
  /** The header's value; empty = no header. */
  headerFor(model: string, headers: readonly HeaderPair[], operation: Operation): string;
  /** Reads a refusal; true when it named values that were not known to be refused for this model. */
  learn(model: string, status: number, body: Uint8Array): boolean;
}

/** Creates the filter, which remembers refusals for `learnedModelsMax` models. */
export function createVertexBetas(): VertexBetas {
  const refused = new LRUCache<string, Set<string>>({ max: LIMITS.learnedModelsMax });
  return {
    headerFor(model, headers, operation) {
      const known = refused.get(model);
      const values = listHeader(headers, 'anthropic-beta')
        .map((value) => TRANSLATED.get(value) ?? value)
        .filter((value) => ACCEPTED.has(value) && known?.has(value) !== true)
        .filter((value) => operation !== 'count_tokens' || !REFUSED_BY_COUNT.has(value));
      return [...new Set(values)].join(',');
    },
    learn(model, status, body) {
      if (status !== 400) return false;
      const known = refused.get(model) ?? new Set<string>();
      const news = refusedBetas(asBuffer(body).toString('utf8')).filter(
        (value) => !known.has(value),
      );
      if (news.length === 0 || known.size + news.length > REFUSED_BETAS_MAX) return false;
      for (const value of news) known.add(value);
      refused.set(model, known);
      return true;
    },
  };
}

// "Unexpected value(s) `a`, `b` for the `anthropic-beta` header."
function refusedBetas(text: string): string[] {
  const list = /Unexpected value\(s\) ([^"]{1,1000}?) for the `anthropic-beta` header/.exec(
    text,
  )?.[1];
  return list === undefined
    ? []
    : [...list.matchAll(/`([\w.-]{1,100})`/g)].map(([, value = '']) => value);
}
