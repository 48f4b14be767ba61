/** Claude Code itself, both generations, headless with an empty HOME, through the gateway against the sandbox. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CLAUDE_CODE_VERSIONS, createClaudeHome, fetchClaudeCode } from '../support/claude-code.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';

function calls(gateway: TestGateway, operation = 'messages') {
  return gateway.sandbox.control.requests.filter((request) => request.operation === operation);
}

for (const version of CLAUDE_CODE_VERSIONS) {
  describe(`Claude Code ${version}`, { concurrency: false }, () => {
    test('a plain answer', async () => {
      await using gateway = await startTestGateway();
      await using home = createClaudeHome(await fetchClaudeCode(version), gateway.url());
      const result = await home.run(['-p', 'sandbox: say the answer is 42']);
      assert.equal(result.is_error, false);
      assert.match(result.result, /the answer is 42/);
      const events = await gateway.usageEvents();
      assert.equal(events.length, calls(gateway).length);
      assert.ok(events.every(({ outcome, estimated }) => outcome === 'completed' && !estimated));
    });

    test('a Bash tool call and its result', async () => {
      await using gateway = await startTestGateway();
      await using home = createClaudeHome(await fetchClaudeCode(version), gateway.url());
      const prompt = 'sandbox: tool Bash {"command":"echo from-the-shell-$((40+2))"}';
      const result = await home.run(['-p', prompt, '--allowedTools', 'Bash']);
      assert.equal(result.is_error, false);
      assert.match(result.result, /from-the-shell-42/);
      assert.ok(result.num_turns >= 2);
    });

    test('a session resumed', async () => {
      await using gateway = await startTestGateway();
      await using home = createClaudeHome(await fetchClaudeCode(version), gateway.url());
      const first = await home.run(['-p', 'sandbox: say remember the word heliotrope']);
      const second = await home.run(['-p', 'sandbox: say again', '--resume', first.session_id]);
      assert.equal(second.is_error, false);
      const last = calls(gateway).at(-1);
      assert.match(last?.body.toString() ?? '', /heliotrope/);
      const sessions = new Set((await gateway.usageEvents()).map(({ sessionId }) => sessionId));
      assert.deepEqual([...sessions], [first.session_id]);
    });

    test('an upstream that fails first is invisible', async () => {
      await using gateway = await startTestGateway();
      await using home = createClaudeHome(await fetchClaudeCode(version), gateway.url());
      gateway.sandbox.control.enqueue('anthropic', { fault: { kind: 'status', status: 529 } });
      const result = await home.run(['-p', 'sandbox: say all is well']);
      assert.equal(result.is_error, false);
      assert.match(result.result, /all is well/);
      const providers = calls(gateway).map(({ provider }) => provider);
      assert.ok(providers.includes('vertex-claude'), providers.join());
    });

    test('an upstream that dies in mid-stream: the client recovers by itself', async () => {
      await using gateway = await startTestGateway();
      await using home = createClaudeHome(await fetchClaudeCode(version), gateway.url());
      gateway.sandbox.control.enqueue('anthropic', {
        fault: { kind: 'cut', afterEvents: 8 },
        outputTokens: 60,
        chunksPerTick: 1,
      });
      const result = await home.run(['-p', 'sandbox: say recovered']);
      assert.equal(result.is_error, false);
      assert.match(result.result, /recovered/);
      assert.ok(calls(gateway).length >= 2);
    });
  });
}
