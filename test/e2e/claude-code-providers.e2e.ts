/** Claude Code through each provider: its own model names, an agent's loop, and sessions that change providers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PROVIDER_IDS } from '../../schemas/provider.ts';
import { CLAUDE_CODE_VERSIONS, createClaudeHome, fetchClaudeCode } from '../support/claude-code.ts';
import { startTestGateway } from '../support/gateway.ts';

/** Whoever runs these servers names their models. */
const BIG_MODEL = { BIG_MODEL: 'gpt-4.1', MIDDLE_MODEL: 'gpt-4.1', SMALL_MODEL: 'gpt-4.1-mini' };

for (const version of CLAUDE_CODE_VERSIONS) {
  describe(`Claude Code ${version}`, { concurrency: false }, () => {
    for (const provider of PROVIDER_IDS) {
      test(`${provider}: a Bash tool call and its result, under Claude’s own model names`, async () => {
        const isOther = provider === 'github-models' || provider === 'openai-compatible';
        const environment = { PROVIDER_CHAIN: provider, ...(isOther ? BIG_MODEL : {}) };
        await using gateway = await startTestGateway({ environment });
        await using home = createClaudeHome(await fetchClaudeCode(version), gateway.url());
        const prompt = 'sandbox: tool Bash {"command":"echo from-the-shell-$((40+2))"}';
        const result = await home.run(['-p', prompt, '--allowedTools', 'Bash']);
        assert.equal(result.is_error, false, result.result);
        assert.match(result.result, /from-the-shell-42/);
        const events = await gateway.usageEvents();
        assert.ok(events.length >= 2);
        for (const event of events) {
          assert.equal(event.provider, provider);
          assert.equal(event.outcome, 'completed');
        }
      });
    }

    test('a session that changes from provider to provider, tool calls in its history', async () => {
      const environment = { PROVIDER_CHAIN: PROVIDER_IDS.join(',') };
      await using gateway = await startTestGateway({ environment });
      await using home = createClaudeHome(await fetchClaudeCode(version), gateway.url());
      const models = [
        'anthropic/vertex-gemini/gemini-3.1-pro-preview',
        'claude-opus-5-5',
        'anthropic/openrouter/google/gemini-3.1-pro-preview',
        'anthropic/openai-compatible/gpt-4.1',
        'anthropic/vertex-gemini/gemini-3.1-pro-preview',
        'claude-opus-5-5',
      ];
      let session: string | null = null;
      for (const [index, model] of models.entries()) {
        const prompt = `sandbox: tool Bash {"command":"echo step-${index}"}`;
        const resumed: string[] = session === null ? [] : ['--resume', session];
        const how = ['--allowedTools', 'Bash', '--model', model, ...resumed];
        const result = await home.run(['-p', prompt, ...how]);
        assert.equal(result.is_error, false, `${model}: ${result.result}`);
        assert.match(result.result, new RegExp(`step-${index}`));
        session = result.session_id;
      }
      const used = new Set((await gateway.usageEvents()).map(({ provider }) => provider));
      assert.ok(used.size >= 4, [...used].join());
    });
  });
}
