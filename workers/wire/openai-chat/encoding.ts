import { ToolIds } from './encode-tool-ids.ts';
import type { OpenaiEncodeContext } from './flavour.ts';
import { cachesByHint } from './model-names.ts';
import { ToolNames } from './tool-names.ts';

/** What the parts of one request's encoding share. */
export interface Encoding {
  readonly context: OpenaiEncodeContext;
  readonly toolNames: ToolNames;
  readonly toolIds: ToolIds;
  /** True when `cache_control` stays on text parts. */
  readonly keepsCacheControl: boolean;
}

/** Begins the encoding of one request. */
export function beginEncoding(context: OpenaiEncodeContext): Encoding {
  const { flavour, providerId, toolStates, upstreamModel } = context;
  return {
    context,
    toolNames: new ToolNames(),
    toolIds: new ToolIds({ style: flavour.toolIdStyle, providerId, toolStates }),
    keepsCacheControl: flavour.keepsCacheControl && cachesByHint(upstreamModel),
  };
}
