import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { withoutGlibc238 } from '../../../ingress/http/glibc-compat.ts';

const packageDir = path.dirname(createRequire(import.meta.url).resolve('uWebSockets.js'));
const { platform, arch, versions } = process;
const binary = readFileSync(
  path.join(packageDir, `uws_${platform}_${arch}_${versions.modules}.node`),
);
const skip = platform === 'linux' ? false : 'the add-on needs no copy outside Linux';

test('the copy differs from the add-on in symbol names and versions only', { skip }, () => {
  const copy = withoutGlibc238(binary);
  assert.equal(copy.length, binary.length);
  const changed = copy.reduce((sum, byte, at) => sum + (byte === binary[at] ? 0 : 1), 0);
  assert.ok(changed > 0 && changed < 60, `${changed} bytes changed`);
});

test('patching a copy again changes nothing: no symbol is left to rename', { skip }, () => {
  const copy = withoutGlibc238(binary);
  assert.deepEqual(withoutGlibc238(copy), copy);
});

test('what is no ELF64 file is refused, not patched', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 400 }), (bytes) => {
      assert.throws(() => withoutGlibc238(bytes), /not a little-endian ELF64 file/);
    }),
  );
});

test('an unknown function of GLIBC_2.38 is named', { skip }, () => {
  const odd = Buffer.from(binary);
  const at = odd.indexOf('__isoc23_strto');
  odd.write('__isoc23_other', at, 'latin1');
  assert.throws(() => withoutGlibc238(odd), /needs __isoc23_other\w* of GLIBC_2\.38/);
});
