import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createPriceList } from '../../config/prices/price-list.ts';
import { writeKeptList } from '../../config/prices/refresh/kept-list.ts';
import { checkPublishedList } from '../../config/prices/refresh/published-list.ts';
import { publishedTable } from '../../config/prices/refresh/published-table.ts';
import { editionWith } from '../config/prices/support/editions.ts';
import { freePort, startRoles } from '../support/processes.ts';

test('a gateway reckons with the list that was kept from its start on, with nobody to ask', async () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'gateway-prices-'));
  try {
    const url = `http://127.0.0.1:${await freePort()}/prices.json`;
    const providers = checkPublishedList(editionWith({ 'claude-opus-5': { input_mtok: 6 } }));
    const checkedAtMs = Date.UTC(2026, 10, 1);
    await writeKeptList(dataDir, { url, etag: null, checkedAtMs, providers });
    const port = await freePort();
    await using _gateway = await startRoles([], {
      GATEWAY_DATA_DIR: dataDir,
      PRICES_REFRESH: 'daily',
      PRICES_REFRESH_URL: url,
      GATEWAY_PORT: String(port),
      VERTEX_CLAUDE_PORT: 'off',
      VERTEX_GEMINI_PORT: 'off',
      GITHUB_MODELS_PORT: 'off',
      OPENROUTER_PORT: 'off',
    });
    const response = await fetch(`http://127.0.0.1:${port}/stats`);
    const { prices } = (await response.json()) as { prices: unknown };
    const list = { table: publishedTable(providers), checkedAtMs };
    const { version } = createPriceList({ list });
    assert.deepEqual(prices, { version, as_of_ms: checkedAtMs });
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});
