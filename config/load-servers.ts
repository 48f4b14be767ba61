import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { namedProviderId } from '../schemas/provider.ts';
import { withAccounts } from './accounts.ts';
import type { AccountSettings, ProviderSettings } from './config.ts';
import { LIMITS } from './limits.ts';
import type { Reader } from './reader.ts';

const VARIABLE = 'OPENAI_COMPATIBLE_FILE';
const SERVERS_MAX = 32;
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

const key = z.string().min(1);
const serverSchema = z.strictObject({
  /** Part of the provider's id: `ollama` becomes `openai-compatible-ollama`. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits and -'),
  baseUrl: z.url({ protocol: /^https?$/ }),
  /** The key itself, or `$NAME` for the variable that holds it; a list where there are several accounts. */
  apiKey: z.union([key, z.array(key).min(1).max(LIMITS.accountsPerProviderMax)]).optional(),
  /** `anthropic-messages` where the server serves /v1/messages itself: nothing is translated then. */
  wire: z.enum(['openai-chat', 'anthropic-messages']).default('openai-chat'),
  headers: z.record(z.string().regex(/^[a-z0-9-]+$/i), z.string()).default({}),
  quirks: z
    .strictObject({
      maxTokensField: z.enum(['max_tokens', 'max_completion_tokens']).optional(),
      systemRole: z.enum(['system', 'developer']).optional(),
      sendsIncludeUsage: z.boolean().optional(),
      reasoning: z.enum(['reasoning_effort', 'none']).optional(),
      replayReasoning: z.enum(['never', 'toolLoop', 'always']).optional(),
      acceptsTopK: z.boolean().optional(),
      acceptsFiles: z.boolean().optional(),
      acceptsRequiredToolChoice: z.boolean().optional(),
      acceptsParallelToolCalls: z.boolean().optional(),
      toolIdStyle: z.enum(['any', 'nine-alphanumeric']).optional(),
      acceptsPrefill: z.boolean().optional(),
    })
    .default({}),
});
const fileSchema = z.array(serverSchema).max(SERVERS_MAX);

/** One OpenAI-compatible server of the file that OPENAI_COMPATIBLE_FILE names. */
export type CompatibleServer = Readonly<z.infer<typeof serverSchema>>;

/** What holds for a server that is given by its address alone. */
export const PLAIN_SERVER: CompatibleServer = {
  name: 'openai-compatible',
  baseUrl: 'http://localhost:11434/v1',
  wire: 'openai-chat',
  headers: {},
  quirks: {},
};

/** Reads the named servers; each is a provider of its own. Problems go to the reader, one line each. */
export function loadServers(reader: Reader): readonly ProviderSettings[] {
  const file = reader.text(VARIABLE);
  if (file === null) return [];
  const servers = readServers(reader, file);
  const names = new Set<string>();
  return servers.flatMap((server) => {
    if (names.has(server.name)) {
      reader.problems.push(`${VARIABLE}: two servers are named "${server.name}"`);
      return [];
    }
    names.add(server.name);
    return [settingsOf(reader, server)];
  });
}

function readServers(reader: Reader, file: string): readonly CompatibleServer[] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const why = error instanceof SyntaxError ? 'is no JSON' : 'cannot be read';
    reader.problems.push(`${VARIABLE}: ${file} ${why}`);
    return [];
  }
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) {
    const where = path.length === 0 ? 'the file' : path.map(String).join('.');
    reader.problems.push(`${VARIABLE}: ${where} in ${file}: ${message}`);
  }
  return [];
}

function settingsOf(reader: Reader, server: CompatibleServer): ProviderSettings {
  const { name, apiKey: given } = server;
  const listed = given === undefined ? [] : [given].flat();
  const accounts = listed.flatMap((each, index): AccountSettings[] => {
    const apiKey = each.startsWith('$') ? reader.foreign(each.slice(1)) : each;
    if (apiKey === null) return [];
    if (!VISIBLE_ASCII.test(apiKey)) {
      reader.problems.push(`${VARIABLE}: the apiKey of "${name}" holds a character no key has`);
    }
    return [{ account: index === 0 ? name : `${name}_${index + 1}`, apiKey }];
  });
  const isMissing = listed.length > 0 && accounts.length === 0;
  const settings: ProviderSettings = {
    id: namedProviderId(name),
    isEnabled: !isMissing,
    offReason: isMissing ? `${listed.map((each) => each.slice(1)).join(', ')} is not set` : null,
    account: name,
    baseUrl: server.baseUrl.replace(/\/+$/, ''),
    apiKey: null,
    projectId: null,
    region: null,
    server,
  };
  return withAccounts(settings, accounts);
}
