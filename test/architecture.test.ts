/**
 * Checks the invariants of ARCHITECTURE.md that the type checker and the linter cannot.
 * Reads every source file once; imports none of them but the contracts it compares the documents with.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { LIMITS } from '../config/limits.ts';
import type { AlertScope } from '../schemas/alert.ts';
import type { PeriodKind } from '../schemas/ledger.ts';
import { PROVIDER_IDS } from '../schemas/provider.ts';
import { type RouterCommand, STREAMS, subjects } from '../schemas/subjects.ts';

/** Who may import whom. A folder may always import itself; main.ts may import everything. */
const MAY_IMPORT = new Map<string, readonly string[]>([
  ['schemas', []],
  ['config', ['schemas']],
  ['bus', ['schemas', 'config']],
  ['ingress', ['schemas', 'config', 'bus']],
  ['router', ['schemas', 'config', 'bus']],
  ['workers', ['schemas', 'config', 'bus']],
  ['ledger', ['schemas', 'config', 'bus']],
  ['memory', ['schemas', 'config', 'bus']],
  ['sandbox', ['schemas', 'config']],
  ['cli', ['schemas', 'config', 'bus', 'ledger']],
]);

/** The only places that may import a package. */
const PACKAGE_OWNERS: readonly (readonly [name: string, owner: string])[] = [
  ['@nats-io/', 'bus/'],
  ['msgpackr', 'bus/'],
  ['pino', 'bus/'],
  ['prom-client', 'bus/'],
  ['uWebSockets.js', 'ingress/http/'],
  ['undici', 'workers/'],
  ['google-auth-library', 'workers/'],
  ['ai-tokenizer', 'workers/token-count/'],
  ['@pydantic/genai-prices', 'config/prices/'],
];

/** Files that are functions of their arguments: no I/O, no clock, no randomness. */
const PURE = [
  'schemas/',
  'ledger/state/',
  'router/strategies/',
  'router/assess.ts',
  'router/candidate-facts.ts',
  'router/class-rules.ts',
  'router/decide',
  'router/expected-cost.ts',
  'router/fit.ts',
  'router/hash.ts',
  'router/near-equals.ts',
  'router/plan.ts',
  'router/standing.ts',
  'router/strategy.ts',
  'bus/frames.ts',
  'bus/reply-window.ts',
  'bus/reply-sequence.ts',
  'ingress/final-error.ts',
  'ingress/forward-headers.ts',
  'ingress/host-guard.ts',
  'workers/wire/',
  'workers/edit-body.ts',
  'workers/live-model-lists.ts',
  'workers/translation/messages-request.ts',
  'workers/translation/signature.ts',
  'workers/translation/usage-json.ts',
  'config/model-mapping.ts',
  'config/model-index.ts',
  'config/claude-names.ts',
  'config/glob.ts',
  'config/keyed-providers.ts',
  'ingress/model-list.ts',
  'ingress/reachable-models.ts',
];
const IMPURE =
  /\b(?:Date\.now|new Date\(\)|performance\.now|Math\.random|setTimeout|setInterval|process\.)|from 'node:(?!buffer)/;

const COMMENTS = /\/\*[\s\S]*?\*\/|\/\/.*$/gm;

const LINES_MAX = 300;

interface Source {
  readonly file: string;
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: readonly Source[] = globSync(`{${[...MAY_IMPORT.keys()].join(',')}}/**/*.ts`).map(
  (file) => {
    const text = readFileSync(file, 'utf8');
    const imports = Array.from(
      text.matchAll(/^(?:import|export)[^;]*? from '([^']+)';$/gms),
      (match) => match[1] ?? '',
    );
    return { file, folder: file.split(path.sep)[0] ?? '', text, imports };
  },
);
const architecture = readFileSync('ARCHITECTURE.md', 'utf8');
const readme = readFileSync('README.md', 'utf8');

test('a folder imports only the folders below it', () => {
  const broken = sources.flatMap(({ file, folder, imports }) =>
    imports
      .filter((spec) => spec.startsWith('.'))
      .map((spec) => path.join(path.dirname(file), spec).split(path.sep)[0] ?? '')
      .filter((to) => to !== folder && !MAY_IMPORT.get(folder)?.includes(to))
      .map((to) => `${file} imports ${to}/`),
  );
  assert.deepEqual(broken, []);
});

test('a package with an owner is imported only by its owner', () => {
  const broken = sources.flatMap(({ file, imports }) =>
    PACKAGE_OWNERS.filter(
      ([name, owner]) =>
        !file.startsWith(owner) &&
        imports.some((spec) => spec === name || spec.startsWith(name.replace(/\/?$/, '/'))),
    ).map(([name]) => `${file} imports ${name}`),
  );
  assert.deepEqual(broken, []);
});

test('only config/load.ts reads the environment', () => {
  const broken = sources.filter(
    ({ file, text }) =>
      text.includes('process.env') &&
      file !== path.join('config', 'load.ts') &&
      // Must be set before the native module loads; it is written there, not read.
      file !== path.join('ingress', 'http', 'uwebsockets-loader.ts') &&
      // A development tool that hands its environment on to its children.
      file !== path.join('cli', 'check.ts'),
  );
  assert.deepEqual(
    broken.map(({ file }) => file),
    [],
  );
});

test(`no source file is longer than ${LINES_MAX} lines`, () => {
  const long = sources.filter(({ text }) => text.split('\n').length > LINES_MAX);
  assert.deepEqual(
    long.map(({ file }) => file),
    [],
  );
});

test('subjects are written only in schemas/subjects.ts', () => {
  const literal = sources.filter(
    ({ file, text }) =>
      file !== path.join('schemas', 'subjects.ts') && /['"`]gw\.v/.test(text.replace(COMMENTS, '')),
  );
  assert.deepEqual(
    literal.map(({ file }) => file),
    [],
  );
});

test('pure files do no I/O and read no clock', () => {
  const broken = sources
    .filter(({ file }) => PURE.some((prefix) => file.startsWith(prefix)))
    .filter(({ text }) => IMPURE.test(text));
  assert.deepEqual(
    broken.map(({ file }) => file),
    [],
  );
});

test('every export has a docstring', () => {
  const bare = sources.flatMap(({ file, text }) =>
    Array.from(
      text.matchAll(/(.*)\nexport (?:async )?(?:const|function\*?|interface|type|class) (\w+)/g),
    )
      .filter(([, above]) => !above?.endsWith('*/'))
      .map(([, , name]) => `${file}: ${name}`),
  );
  assert.deepEqual(bare, []);
});

test('ARCHITECTURE.md lists every folder, subject, stream and limit', () => {
  const named = [
    ...[...MAY_IMPORT.keys()].map((folder) => `${folder}/`),
    ...subjectPatterns(),
    ...Object.values(STREAMS),
    ...Object.keys(LIMITS),
  ];
  assert.deepEqual(
    named.filter((name) => !architecture.includes(`\`${name}\``)),
    [],
  );
});

test('the limits table of ARCHITECTURE.md holds the limits and their values', () => {
  const rows = Array.from(architecture.matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm), (match) => [
    match[1],
    Number(match[2]?.replaceAll(',', '')),
  ]);
  assert.deepEqual(Object.fromEntries(rows), { ...LIMITS });
});

test('README.md names every provider', () => {
  assert.deepEqual(
    PROVIDER_IDS.filter((id) => !readme.includes(`\`${id}\``)),
    [],
  );
});

function subjectPatterns(): readonly string[] {
  return [
    subjects.route(),
    subjects.work('openrouter'),
    subjects.reply('<ingress>', '<stream>'),
    subjects.body('<ingress>', '<request>'),
    subjects.control('<worker>', '<stream>'),
    subjects.observations('<process>'),
    subjects.routerCommand('<verb>' as RouterCommand),
    subjects.adminEvent(),
    subjects.reservedEvent(),
    subjects.requestEvent(),
    subjects.alert('<scope>' as AlertScope, '<period>' as PeriodKind),
    subjects.alertEvent(),
    subjects.deadEvent(),
    subjects.usageEvent('openrouter'),
    subjects.anyEvent(),
  ].map((subject) => subject.replace('openrouter', '<provider>'));
}
