import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  readScalar,
  scanTopLevel,
  type TopLevelScan,
  type TopLevelScanOptions,
} from '../../schemas/json-scan.ts';
import { JsonScanError } from '../../schemas/json-scan-error.ts';

const NO_LIMITS: TopLevelScanOptions = {
  jsonDepthMax: 1_000,
  jsonKeysPerObjectMax: 1_000_000,
  topLevelFieldsMax: 1_000_000,
  topLevelFieldNameBytesMax: 1_000_000,
  uniqueFields: [],
};
const RUNS = { numRuns: 2_000 };

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function scanText(text: string, options: Partial<TopLevelScanOptions> = {}): TopLevelScan {
  return scanTopLevel(bytesOf(text), { ...NO_LIMITS, ...options });
}

function refusal(run: () => unknown): JsonScanError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof JsonScanError, `not a JsonScanError: ${error}`);
    return error;
  }
  return assert.fail('the text was accepted');
}

/** What JSON.parse makes of the bytes, when that is an object; undefined otherwise. */
function parsedObject(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const value: unknown = JSON.parse(decoder.decode(bytes));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return Object.fromEntries(Object.entries(value));
  } catch {
    return undefined;
  }
}

/** Compares the scan of the bytes with JSON.parse: both refuse, or both find the same fields and values. */
function assertAgreesWithParser(bytes: Uint8Array): void {
  const expected = parsedObject(bytes);
  if (expected === undefined) {
    const { offset } = refusal(() => scanTopLevel(bytes, NO_LIMITS));
    assert.ok(offset >= 0 && offset <= bytes.length);
    return;
  }
  const found = new Map<string, unknown>();
  for (const field of scanTopLevel(bytes, NO_LIMITS).fields) {
    const value: unknown = JSON.parse(
      Buffer.from(bytes.subarray(field.valueStart, field.valueEnd)).toString(),
    );
    assert.equal(bytes[field.keyStart], 0x22);
    found.set(field.name, value);
    const scalar = readScalar(bytes, field);
    if (typeof value === 'object' && value !== null) assert.equal(scalar, undefined);
    else assert.deepEqual(scalar, value);
  }
  assert.deepEqual(Object.fromEntries(found), expected);
}

const jsonObject = fc
  .tuple(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fc.constantFrom(0, 1, '\t'))
  .map(([value, indent]) => bytesOf(JSON.stringify(value, null, indent)));

const mutation = fc.record({
  at: fc.nat(),
  remove: fc.nat({ max: 3 }),
  insert: fc.oneof(
    fc
      .constantFrom(...'{}[]:,"\\ \n\t\u0000\u001f\u007f0123-+.eEtfnu/b')
      .map((text) => bytesOf(text)),
    fc
      .constantFrom('true', 'null', '\\ud800', '\\u00e9', '1e5', '-0', '01', 'é', '\ufeff')
      .map(bytesOf),
    fc.uint8Array({ maxLength: 2 }),
  ),
});

test('the scanner agrees with JSON.parse on every object', () => {
  fc.assert(fc.property(jsonObject, assertAgreesWithParser), RUNS);
});

test('the scanner agrees with JSON.parse on objects with changed bytes', () => {
  const mutated = fc
    .tuple(jsonObject, fc.array(mutation, { minLength: 1, maxLength: 3 }))
    .map(([bytes, mutations]) =>
      mutations.reduce((text, { at, remove, insert }) => {
        const start = at % (text.length + 1);
        return Buffer.concat([text.subarray(0, start), insert, text.subarray(start + remove)]);
      }, Buffer.from(bytes)),
    );
  fc.assert(fc.property(mutated, assertAgreesWithParser), { numRuns: 10_000 });
});

test('the scanner agrees with JSON.parse on arbitrary bytes and on truncated objects', () => {
  fc.assert(fc.property(fc.uint8Array(), assertAgreesWithParser), RUNS);
  fc.assert(
    fc.property(jsonObject, fc.nat(), (bytes, length) =>
      assertAgreesWithParser(bytes.subarray(0, length % (bytes.length + 1))),
    ),
    RUNS,
  );
});

test('offsets count from the start of a view into a larger buffer', () => {
  const whole = bytesOf('xxx{"a": 12 }yyy');
  const view = whole.subarray(3, whole.length - 3);
  assert.deepEqual(scanTopLevel(view, NO_LIMITS).fields, [
    { name: 'a', keyStart: 1, valueStart: 6, valueEnd: 8 },
  ]);
});

// After the classes of github.com/nst/JSONTestSuite: what parsers most often get wrong.
const CASES = [
  ...[
    '{"a":0}',
    '{"a":-0}',
    '{"a":1.5e+3}',
    '{"a":1E-2}',
    '{"a":0.0}',
    '{"a":123456789012345678901}',
  ],
  ...[
    '{"a":00}',
    '{"a":01}',
    '{"a":-}',
    '{"a":+1}',
    '{"a":.5}',
    '{"a":1.}',
    '{"a":1e}',
    '{"a":1e+}',
  ],
  ...[
    '{"a":-01}',
    '{"a":0x1}',
    '{"a":NaN}',
    '{"a":Infinity}',
    '{"a":1 2}',
    '{"a":1_0}',
    '{"a":--1}',
  ],
  ...[
    '{"a":true}',
    '{"a":tru}',
    '{"a":truee}',
    '{"a":True}',
    '{"a":nul}',
    '{"a":null}',
    '{"a":false}',
  ],
  ...['{"a":"\\u00e9"}', '{"a":"\\u12"}', '{"a":"\\uD800"}', '{"a":"\\uZZZZ"}', '{"a":"\\x41"}'],
  ...['{"a":"\\"}', '{"a":"\\\\"}', '{"a":"\\/\\b\\f\\n\\r\\t"}', '{"a":"\t"}', '{"a":"\u0000"}'],
  ...[
    '{"a":"\u007f\u2028"}',
    "{'a':1}",
    '{a:1}',
    '{"a"}',
    '{"a":}',
    '{"a" 1}',
    '{"a"::1}',
    '{,"a":1}',
  ],
  ...[
    '{"a":1,}',
    '{"a":1,,"b":2}',
    '{"a":[1,]}',
    '{"a":[,1]}',
    '{"a":[1 2]}',
    '{"a":[}',
    '{"a":[}]',
  ],
  ...[
    '{"a":{"b":1,}}',
    '{"a":{1:1}}',
    '{"a":[]}',
    '{"a":[[],{}]}',
    '{"a":{}}',
    '{"a":[1}',
    '{"a":{"b":1]}',
  ],
  ...[
    '',
    ' ',
    '{',
    '}',
    '{}',
    ' \t\r\n{ } \n',
    '{}{}',
    '{}x',
    '{"a":1}]',
    '[]',
    '1',
    '"a"',
    'null',
  ],
  ...[
    '\ufeff{}',
    '{}\ufeff',
    '\u00a0{}',
    '\f{}',
    '{"a":1}//',
    '/**/{}',
    '{"":0}',
    '{"__proto__":1}',
  ],
];

test('the scanner agrees with JSON.parse on hand-picked texts', () => {
  for (const text of CASES) {
    for (const variant of [
      text,
      text.replace('{"a":', '{"a":{"b":') + (text.endsWith('}') ? '}' : ''),
    ]) {
      const isAccepted = parsedObject(bytesOf(variant)) !== undefined;
      if (isAccepted) assert.doesNotThrow(() => scanText(variant), variant);
      else refusal(() => scanText(variant));
    }
  }
});

test('a refusal tells the byte and the kind, and quotes nothing', () => {
  const cases: readonly (readonly [text: string, kind: string, offset: number])[] = [
    ['{"secret" 1}', 'syntax', 10],
    ['{"a":"secret\n"}', 'syntax', 12],
    ['{"a":"secret', 'syntax', 12],
    ['[1]', 'syntax', 0],
    ['', 'syntax', 0],
    ['{"a":"\\u12g4"}', 'syntax', 10],
  ];
  for (const [text, kind, offset] of cases) {
    const error = refusal(() => scanText(text));
    assert.deepEqual([error.kind, error.offset], [kind, offset], text);
    assert.ok(!error.message.includes('secret'));
  }
});

test('text that is not UTF-8 is refused at its first wrong byte', () => {
  const good = Buffer.from(`{"a":"${'é€😀'.repeat(50)}"}`);
  fc.assert(
    fc.property(fc.nat({ max: good.length - 1 }), fc.constantFrom(0xff, 0xc0, 0x80), (at, byte) => {
      const bad = Buffer.from(good);
      bad[at] = byte;
      const expected = firstReplaced(bad);
      if (expected === null) return; // a continuation byte stood there
      const error = refusal(() => scanTopLevel(bad, NO_LIMITS));
      assert.deepEqual([error.kind, error.offset], ['encoding', expected]);
    }),
    RUNS,
  );
  assert.equal(refusal(() => scanTopLevel(Buffer.from([0xe2, 0x82]), NO_LIMITS)).offset, 0);
});

// The decoder puts U+FFFD for each wrong sequence, so all before the first is the valid prefix.
function firstReplaced(bytes: Buffer): number | null {
  const before = bytes.toString('utf8').split('\ufffd', 2);
  return before.length === 1 ? null : Buffer.byteLength(before[0] ?? '');
}

test('a unique field may not stand twice, however it is spelled', () => {
  const uniqueFields = ['model', 'messages'];
  for (const second of [
    'model',
    '\\u006dodel',
    'm\\u006Fdel',
    '\\u006d\\u006f\\u0064\\u0065\\u006c',
  ]) {
    const error = refusal(() => scanText(`{"model":"a","x":1,"${second}":"b"}`, { uniqueFields }));
    assert.deepEqual([error.kind, error.offset], ['duplicate', 19], second);
  }
  assert.equal(
    scanText('{"x":1,"x":2,"model":{"model":1,"model":2}}', { uniqueFields }).fields.length,
    3,
  );
});

test('an escaped key has its plain name', () => {
  assert.deepEqual(
    scanText('{"\\u006dodel":1,"é\\n":2}').fields.map((field) => field.name),
    ['model', 'é\n'],
  );
});

test('depth counts the top-level object and is limited', () => {
  assert.equal(scanText('{}').depth, 1);
  assert.equal(scanText('{"a":[{"b":[]}],"c":[]}').depth, 4);
  const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
  assert.equal(scanText(nested(128), { jsonDepthMax: 128 }).depth, 128);
  assert.equal(refusal(() => scanText(nested(129), { jsonDepthMax: 128 })).kind, 'limit');
  const million = `{"a":${'[{"b":'.repeat(1_000_000)}`;
  assert.deepEqual(refusal(() => scanText(million, { jsonDepthMax: 128 })).kind, 'limit');
});

test('members of top-level arrays and objects are counted', () => {
  const { itemCounts } = scanText(
    '{"a":[],"b":[1],"c":[[1,2],[3],{}],"d":{"x":1,"y":[1,2,3]},"e":"[1,2]","f":{}}',
  );
  assert.deepEqual(itemCounts, [0, 1, 3, 2, 0, 0]);
});

test('keys of an object, top-level fields and their names are limited', () => {
  const keys = (count: number) => Array.from({ length: count }, (_, key) => `"k${key}":0`).join();
  const limits = {
    jsonKeysPerObjectMax: 50_000,
    topLevelFieldsMax: 256,
    topLevelFieldNameBytesMax: 256,
  };
  assert.equal(scanText(`{"a":{${keys(50_000)}}}`, limits).itemCounts[0], 50_000);
  assert.equal(refusal(() => scanText(`{"a":{${keys(50_001)}}}`, limits)).kind, 'limit');
  assert.equal(refusal(() => scanText(`{"a":[{${keys(500_000)}}]}`, limits)).kind, 'limit');
  assert.equal(scanText(`{${keys(256)}}`, limits).fields.length, 256);
  assert.equal(refusal(() => scanText(`{${keys(257)}}`, limits)).kind, 'limit');
  assert.equal(scanText(`{"${'n'.repeat(256)}":0}`, limits).fields.length, 1);
  assert.equal(refusal(() => scanText(`{"${'n'.repeat(257)}":0}`, limits)).kind, 'limit');
});

test('the largest body is scanned in one pass', (t) => {
  const size = 33_554_432;
  const shapes = {
    'one long string': `{"a":"${'x'.repeat(size - 8)}"}`,
    'escapes only': `{"a":"${'\\n'.repeat(size / 2 - 4)}"}`,
    'white space': `{"a":[${' '.repeat(size - 8)}]}`,
    'small numbers': `{"a":[0${',0'.repeat(size / 2 - 8)}]}`,
    'small strings': `{"a":[""${',""'.repeat(Math.floor(size / 3) - 8)}]}`,
  };
  for (const [name, text] of Object.entries(shapes)) {
    const bytes = bytesOf(text);
    const startMs = performance.now();
    assert.equal(scanTopLevel(bytes, NO_LIMITS).fields.length, 1);
    t.diagnostic(
      `${name}: ${Math.round(performance.now() - startMs)} ms for ${bytes.length} bytes`,
    );
  }
});

test('a cut-off body in between does not slow the scanner down', (t) => {
  const body = bytesOf(`{"a":["${'some words of prose; '.repeat(5_000)}"]}`);
  const fastestMs = () => {
    let best = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 300; run++) {
      const startMs = performance.now();
      scanTopLevel(body, NO_LIMITS);
      best = Math.min(best, performance.now() - startMs);
    }
    return best;
  };
  const beforeMs = fastestMs();
  for (let length = 0; length < 2_000; length++) {
    refusal(() => scanTopLevel(body.subarray(0, length), NO_LIMITS));
  }
  const afterMs = fastestMs();
  t.diagnostic(`${beforeMs.toFixed(3)} ms before, ${afterMs.toFixed(3)} ms after`);
  assert.ok(afterMs < beforeMs * 4, `${beforeMs} ms became ${afterMs} ms`);
});
