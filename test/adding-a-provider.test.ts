/** Does what CONTRIBUTING.md says about a new provider, in a copy of the project, and asks it something. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { messagesBody, post } from './support/gateway.ts';
import { freePort, startRoles } from './support/processes.ts';
import { startUpstream } from './support/upstream.ts';

const PROJECT_DIR = path.dirname(import.meta.dirname);
const COPIED = [
  'bus',
  'cli',
  'config',
  'ingress',
  'ledger',
  'router',
  'sandbox',
  'schemas',
  'workers',
];
const PORTS_OFF = {
  VERTEX_CLAUDE_PORT: 'off',
  VERTEX_GEMINI_PORT: 'off',
  GITHUB_MODELS_PORT: 'off',
  OPENROUTER_PORT: 'off',
};
const FILE_LINES_MAX = 60;
const ANSWER =
  'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"I am new"}}]}\n\n' +
  'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3}}\n\n' +
  'data: [DONE]\n\n';

test('a provider on a known wire takes one file, one line and data', async () => {
  const [file, line, row] = codeBlocks('## Add a provider');
  assert.ok(file !== undefined && line !== undefined && row !== undefined);
  assert.ok(file.split('\n').length < FILE_LINES_MAX);
  const folder = mkdtempSync(path.join(tmpdir(), 'gateway-new-provider-'));
  try {
    for (const name of COPIED) {
      cpSync(path.join(PROJECT_DIR, name), path.join(folder, name), { recursive: true });
    }
    for (const name of ['main.ts', 'package.json']) {
      cpSync(path.join(PROJECT_DIR, name), path.join(folder, name));
    }
    symlinkSync(path.join(PROJECT_DIR, 'node_modules'), path.join(folder, 'node_modules'));
    const edit = (name: string, before: string, added: string): void => {
      const text = readFileSync(path.join(folder, name), 'utf8');
      assert.ok(text.includes(before), `${name}: ${before}`);
      writeFileSync(path.join(folder, name), text.replace(before, `${added}\n${before}`));
    };
    writeFileSync(path.join(folder, 'workers/providers/groq.ts'), file);
    const factories = 'import { createVertexClaude }';
    edit('workers/registry.ts', factories, "import { createGroq } from './providers/groq.ts';");
    edit('workers/registry.ts', '  openrouter: createOpenrouter,', line);
    edit('schemas/provider.ts', "  'openai-compatible',", "'groq',");
    edit('config/keyed-providers.ts', '] as const;', row);

    await using upstream = await startUpstream((_hit, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(ANSWER);
    });
    const port = await freePort();
    await using _gateway = await startRoles(
      [],
      {
        GROQ_API_KEY: 'gsk_test',
        GROQ_BASE_URL: upstream.origin,
        GATEWAY_PORT: String(port),
        ...PORTS_OFF,
      },
      folder,
    );
    const body = messagesBody({ model: 'groq/llama-4' });
    const { status, text, headers } = await post(`http://127.0.0.1:${port}/v1/messages`, body);
    assert.equal(status, 200, text);
    assert.equal(headers.get('x-gateway-provider'), 'groq');
    assert.match(text, /I am new/);
    assert.equal(upstream.hits[0]?.path, '/openai/v1/chat/completions');
    assert.equal(upstream.hits[0]?.header('authorization'), 'Bearer gsk_test');
    assert.equal(JSON.parse(String(upstream.hits[0]?.body)).model, 'llama-4');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The code blocks of one section of CONTRIBUTING.md. */
function codeBlocks(heading: string): string[] {
  const text = readFileSync(path.join(PROJECT_DIR, 'CONTRIBUTING.md'), 'utf8');
  const section = text.slice(text.indexOf(heading)).split('\n## ')[0] ?? '';
  return [...section.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code.trimEnd());
}
