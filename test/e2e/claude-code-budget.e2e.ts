/** Claude Code itself, both generations, against a budget that is used up: it says so and does not try again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stats } from '../../ingress/stats.ts';
import { CLAUDE_CODE_VERSIONS, createClaudeHome, fetchClaudeCode } from '../support/claude-code.ts';
import { startTestGateway } from '../support/gateway.ts';

for (const version of CLAUDE_CODE_VERSIONS) {
  test(`Claude Code ${version} stops at a spend limit`, async () => {
    const program = await fetchClaudeCode(version);
    await using gateway = await startTestGateway({ environment: { DAILY_BUDGET_USD: '0.0001' } });
    await using home = createClaudeHome(program, gateway.url());
    const result = await home.run(['-p', 'sandbox: say anything']);
    assert.equal(result.is_error, true);
    assert.match(result.result, /spend limit reached \(daily; resets \d{4}-\d\d-\d\d 00:00 UTC\)/);
    assert.equal(gateway.sandbox.control.requests.length, 0);
    const stats: Stats = JSON.parse(await (await fetch(`${gateway.url()}/stats`)).text());
    const { total_requests: requests } = stats.request_stats;
    // One of its own and at most one on the side; ten when it tries again.
    assert.ok(requests >= 1 && requests <= 2, `${requests} requests`);
  });
}
