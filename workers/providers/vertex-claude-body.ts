import type { ResolvedModel } from '../../config/model-mapping.ts';
import type { HeaderPair } from '../../schemas/envelope.ts';
import { GatewayError } from '../../schemas/error.ts';
import { fieldSplices, spliceBody } from '../edit-body.ts';
import { asBuffer } from '../json.ts';
import { nestedRemovals } from '../nested-fields.ts';
import type { Work } from '../provider.ts';
import { modelEdits } from '../wire/anthropic-messages/model-edits.ts';
import { VERTEX_CLAUDE_RULES as RULES } from './vertex-claude-rules.ts';

const SCOPE_REMOVAL = {
  inside: 'cache_control',
  name: 'scope',
  opaqueKeys: new Set<string>(RULES.opaqueKeys),
};

/** Throws GatewayError for a body field that Vertex does not have and whose absence would change the answer. */
export function refuseFields(names: readonly string[]): void {
  const refused = RULES.refusedFields.find((name) => names.includes(name));
  if (refused === undefined) return;
  throw new GatewayError('invalid_request_error', `${refused}: not available on vertex-claude`);
}

/**
 * The body for Vertex AI: without the model and what has no effect there, with the version that Anthropic takes from
 * a header. Every other byte stays.
 */
export function vertexBody(work: Work, resolved: ResolvedModel): readonly Uint8Array[] {
  const { dispatch, body } = work;
  const { upstreamModel: model } = resolved;
  const { fields, facts, headers } = dispatch;
  const isCount = facts.operation === 'count_tokens';
  const isRenamed = model !== facts.requestModel || dispatch.model !== null;
  const hasVersion = fields.some(({ name }) => name === 'anthropic_version');
  const edits = modelEdits(work, { resolved, providerId: 'vertex-claude' });
  const set = {
    ...(edits['max_tokens'] === undefined ? {} : { max_tokens: edits['max_tokens'] }),
    ...(hasVersion ? {} : { anthropic_version: JSON.stringify(bodyVersion(headers)) }),
    ...(isCount && isRenamed ? { model: JSON.stringify(model) } : {}),
  };
  const remove = [...RULES.strippedFields, ...(isCount ? [] : ['model'])];
  const mayHaveScope = asBuffer(body).includes('"scope"');
  const nested = mayHaveScope ? nestedRemovals(body, SCOPE_REMOVAL) : [];
  const outer = fieldSplices(body, fields, { set, remove });
  const inKept = nested.filter(
    ({ start, end }) => !outer.some((cut) => cut.start <= start && end <= cut.end),
  );
  return spliceBody(body, [...outer, ...inKept]);
}

function bodyVersion(headers: readonly HeaderPair[]): string {
  const version = headers.find(([name]) => name === 'anthropic-version')?.[1];
  if (version === undefined) return RULES.defaultBodyVersion;
  return new Map<string, string>(Object.entries(RULES.bodyVersions)).get(version) ?? version;
}
