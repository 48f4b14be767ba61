import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { GatewayError } from '../../../../schemas/error.ts';
import { readMessagesRequest } from '../../../../workers/translation/messages-request.ts';
import { Warnings } from '../../../../workers/translation/warnings.ts';
import { encodeOpenaiRequest } from '../../../../workers/wire/openai-chat/encode-request.ts';
import {
  AZURE_INFERENCE_FLAVOUR,
  DEFAULT_FLAVOUR,
  OPENROUTER_FLAVOUR,
} from '../../../../workers/wire/openai-chat/flavour.ts';
import { CAPABLE, encodeBytes } from '../../support/openai-encode.ts';
import { recordings } from '../../support/recordings.ts';

const CLAUDE_CODE = join(import.meta.dirname, '../../../../../shared/fixtures/claude-code');
const FLAVOURS = {
  default: DEFAULT_FLAVOUR,
  openrouter: OPENROUTER_FLAVOUR,
  azure: AZURE_INFERENCE_FLAVOUR,
};
/** What only Anthropic, or only a server with web search, can do: requests that hold nothing else are refused. */
const REFUSABLE = /cannot run (?:web_search|advisor)_|cannot read PDF documents/;

interface Request {
  readonly name: string;
  readonly body: Record<string, unknown>;
}

function isRequest({ body }: Request): boolean {
  return Array.isArray(body?.['messages']);
}

const recorded: readonly Request[] = recordings(
  ['anthropic', 'vertex-anthropic', 'claude-code-client'],
  '.request.json',
).map(({ name, bytes }) => ({ name, body: JSON.parse(bytes.toString()) }));
const claudeCode: readonly Request[] = existsSync(CLAUDE_CODE)
  ? globSync('**/*-POST-*.json', { cwd: CLAUDE_CODE }).map((name) => ({
      name,
      body: JSON.parse(readFileSync(join(CLAUDE_CODE, name), 'utf8')).body,
    }))
  : [];
const requests = [...recorded, ...claudeCode].filter(isRequest);
const skip = requests.length === 0 && 'the recorded requests are not on this machine';

describe('every recorded request', { skip }, () => {
  for (const { name, body } of requests)
    it(`${name} converts for every server, or is refused for what only Anthropic can do`, () => {
      const bytes = Buffer.from(JSON.stringify({ max_tokens: 4096, ...body }));
      for (const flavour of Object.values(FLAVOURS)) {
        try {
          const { body: sent } = encodeBytes(bytes, { flavour, model: { hasPdf: true } });
          const calls = sent.messages.flatMap(({ tool_calls }) => tool_calls ?? []);
          const results = sent.messages.flatMap(({ tool_call_id }) => tool_call_id ?? []);
          assert.deepEqual(
            calls.map(({ id }) => id),
            results,
          );
          assert.ok(!JSON.stringify(sent).includes('x-anthropic-billing-header'));
          for (const tool of sent.tools ?? [])
            assert.match(String(tool.function['name']), /^[a-zA-Z0-9_-]{1,64}$/);
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
          assert.match(error.message, REFUSABLE);
          assert.notEqual(flavour, name.includes('web') ? OPENROUTER_FLAVOUR : null);
        }
      }
    });

  it('a whole session of Claude Code loses nothing to the default server', () => {
    const simple = requests.find(
      ({ name }) => name === '2.1.330/toolsearch/003-POST-v1_messages.json',
    );
    assert.ok(simple !== undefined);
    const { body, warnings } = encodeBytes(Buffer.from(JSON.stringify(simple.body)));
    assert.deepEqual(warnings, []);
    assert.deepEqual(
      body.messages.map(({ role }) => role),
      ['system', 'user', 'assistant', 'tool', 'user'],
    );
    assert.equal(body['reasoning_effort'], 'medium');
    assert.equal(body.tools?.length, 13);
  });
});

describe('the cost of a request', () => {
  it('is told for 100 KB, and grows with the size only', (test) => {
    const time = (turns: number) => {
      const bytes = conversation(turns);
      const request = readMessagesRequest(bytes);
      const context = {
        providerId: 'openrouter',
        upstreamModel: 'anthropic/claude-sonnet-5.5',
        model: CAPABLE,
        isStream: true,
        sessionId: null,
        agentId: null,
        hasWebSearch: false,
        requestClass: 'main',
        cacheTtlMs: 0,
        toolStates: new Map(),
        flavour: OPENROUTER_FLAVOUR,
      };
      let best = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 30; round += 1) {
        const start = performance.now();
        encodeOpenaiRequest(request, { ...context, warnings: new Warnings() });
        best = Math.min(best, performance.now() - start);
      }
      return { best, kilobytes: Math.round(bytes.length / 1024) };
    };
    const small = time(60);
    const large = time(960);
    test.diagnostic(`${small.kilobytes} KB: ${small.best.toFixed(3)} ms`);
    test.diagnostic(`${large.kilobytes} KB: ${large.best.toFixed(3)} ms`);
    // Sixteen times the turns; quadratic work would cost 256 times as much.
    assert.ok(large.best < small.best * 100);
  });
});

/** A tool loop of Claude Code's kind: about 1.7 KB a turn. */
function conversation(turns: number): Buffer {
  const messages: object[] = [{ role: 'user', content: 'begin' }];
  for (let turn = 0; turn < turns; turn += 1) {
    const id = `toolu_${turn.toString().padStart(24, '0')}`;
    messages.push(
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 'EpYD' },
          { type: 'text', text: 'I read the file.' },
          { type: 'tool_use', id, name: 'Read', input: { file_path: `/a/${turn}.ts` } },
        ],
      },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: id, content: 'line of "text"\n'.repeat(80) }],
      },
    );
  }
  return Buffer.from(JSON.stringify({ max_tokens: 1000, messages }));
}
