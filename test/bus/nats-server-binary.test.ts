import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { findNatsServer, natsServerVersion } from '../../bus/nats-server-binary.ts';

/** Folders `<name>/nats-server` below one that goes with the test. */
function folders(names: readonly string[]): Disposable & { at(name: string): string } {
  const dir = mkdtempSync(path.join(tmpdir(), 'gateway-find-'));
  for (const name of names) {
    mkdirSync(path.join(dir, name), { recursive: true });
    program(path.join(dir, name, 'nats-server'), 'echo nats-server: v2.12.3');
  }
  return {
    at: (name) => path.join(dir, name),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

function program(file: string, script: string): string {
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

test('the search goes from the operator, over PATH and the usual folders, to the data folder', async () => {
  using found = folders(['chosen', 'path', 'usual', 'data/bin']);
  const all = {
    natsServerBin: found.at('chosen/nats-server'),
    searchPath: `${found.at('nowhere')}:${found.at('path')}`,
    usualFolders: [found.at('usual')],
    dataDir: found.at('data'),
    mayInstall: false,
  };
  const rest = { ...all, natsServerBin: null };
  assert.equal(await findNatsServer(all), found.at('chosen/nats-server'));
  assert.equal(await findNatsServer(rest), found.at('path/nats-server'));
  assert.equal(await findNatsServer({ ...rest, searchPath: '' }), found.at('usual/nats-server'));
  assert.equal(
    await findNatsServer({ ...rest, searchPath: '', usualFolders: [] }),
    found.at('data/bin/nats-server'),
  );
});

test('a folder or a file that is not executable is passed over', async () => {
  using found = folders(['good']);
  mkdirSync(found.at('folder/nats-server'), { recursive: true });
  mkdirSync(found.at('plain'));
  writeFileSync(found.at('plain/nats-server'), 'no program', { mode: 0o644 });
  const searchPath = [found.at('folder'), found.at('plain'), found.at('good')].join(':');
  const search = { natsServerBin: null, searchPath, usualFolders: [], dataDir: found.at('data') };
  assert.equal(await findNatsServer(search), found.at('good/nats-server'));
});

test('a machine without nats-server is told what to install and what to set', async () => {
  const search = { natsServerBin: null, usualFolders: [], dataDir: tmpdir(), mayInstall: false };
  await assert.rejects(
    findNatsServer(search),
    /^Error: nats-server was not found: .*apt-get install nats-server.*NATS_SERVER_BIN.*NATS_URL/,
  );
});

test('a choice of the operator that does not work is told, not replaced', async () => {
  using found = folders(['path']);
  const searchPath = found.at('path');
  await assert.rejects(
    findNatsServer({ natsServerBin: found.at('missing'), searchPath, dataDir: tmpdir() }),
    { message: `NATS_SERVER_BIN is ${found.at('missing')}, which is not an executable file` },
  );
});

test('the version is read from the program itself', async () => {
  using found = folders(['a']);
  assert.deepEqual(await natsServerVersion(found.at('a/nats-server')), [2, 12, 3]);
  const preview = program(found.at('preview'), 'echo nats-server: v2.16.0-preview.2');
  assert.deepEqual(await natsServerVersion(preview), [2, 16, 0]);
});

test('a program that is not nats-server is refused with a way out', async () => {
  using found = folders(['a']);
  const other = program(found.at('other'), 'echo cat v9.1.0');
  const broken = program(found.at('broken'), 'exit 3');
  writeFileSync(found.at('binary'), '\0\x01\x02', { mode: 0o755 });
  await assert.rejects(natsServerVersion(other), /is not nats-server.*NATS_SERVER_BIN/);
  await assert.rejects(natsServerVersion(broken), /does not run as nats-server.*NATS_SERVER_BIN/);
  await assert.rejects(natsServerVersion(found.at('binary')), /does not run as nats-server/);
});
