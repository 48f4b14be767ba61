import type * as UWebSockets from 'uWebSockets.js';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { LIMITS } from '../../config/limits.ts';
import { withoutGlibc238 } from './glibc-compat.ts';

/** The native module, or null with the reason. */
export interface LoadedUWebSockets {
  readonly module: typeof UWebSockets | null;
  /** How it was loaded, or why it could not be; one line. */
  readonly how: string;
}

/** SHA-256 of the binaries of version 20.57.0 that may be patched: we change only what we know. */
const KNOWN_BINARIES: Readonly<Record<string, string>> = {
  linux_x64_137: '98128405dba2fb608448e921a979530f70c946a2cc9889c15f2fa70c2d00ab05',
  linux_arm64_137: '88618b30ddf6b2b62310db89f40a701616676352aac5e0f6184dd8ef876199ce',
  linux_x64_127: '4b55b1f2cb7a7913febbb65a89496412b96af77e838552980092ba6b33723aac',
  linux_arm64_127: '82b79bd18d1e3563de336156005bd01b7f39fc387b65173d69a29da4ee79f895',
};

/**
 * Loads uWebSockets.js: the package as it is; where the system's glibc is too old, a patched copy of its binary from a
 * cache folder in node_modules; else null. Never throws.
 */
export async function loadUWebSockets(): Promise<LoadedUWebSockets> {
  loaded ??= load();
  return loaded;
}

// Loading a native module twice makes two of it, and the process crashes when both are freed at its end.
let loaded: LoadedUWebSockets | null = null;

function load(): LoadedUWebSockets {
  // Read by the native module when it loads; its default of 4 KiB is too small for Claude Code's headers.
  process.env['UWS_HTTP_MAX_HEADERS_SIZE'] = String(LIMITS.headerBytesMax);
  const require = createRequire(import.meta.url);
  try {
    return { module: require('uWebSockets.js') as typeof UWebSockets, how: 'as packaged' };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (!reason.includes('GLIBC_2.38')) return { module: null, how: lastLine(reason) };
  }
  try {
    return { module: loadCopy(require), how: 'as a copy for glibc before 2.38' };
  } catch (error) {
    return { module: null, how: lastLine(error instanceof Error ? error.message : String(error)) };
  }
}

function loadCopy(require: NodeJS.Require): typeof UWebSockets {
  const packageDir = path.dirname(require.resolve('uWebSockets.js'));
  const platform = `${process.platform}_${process.arch}_${process.versions.modules}`;
  const original = readFileSync(path.join(packageDir, `uws_${platform}.node`));
  const digest = createHash('sha256').update(original).digest('hex');
  if (KNOWN_BINARIES[platform] !== digest) throw new Error('its binary is not one we know');
  const cacheDir = path.join(path.dirname(packageDir), '.cache', 'claude-code-multimodel');
  const copy = path.join(cacheDir, `uws-${digest.slice(0, 12)}.node`);
  const patched = withoutGlibc238(original);
  if (!isSame(copy, patched)) {
    mkdirSync(cacheDir, { recursive: true });
    // Written aside and moved: another process may load it at this very moment.
    const unfinished = `${copy}.${process.pid}`;
    writeFileSync(unfinished, patched, { mode: 0o755 });
    renameSync(unfinished, copy);
  }
  const holder: { exports: unknown } = { exports: {} };
  process.dlopen(holder as NodeJS.Module, copy); // dlopen only looks at exports
  return holder.exports as typeof UWebSockets;
}

function isSame(file: string, content: Buffer): boolean {
  try {
    return readFileSync(file).equals(content);
  } catch {
    return false; // not there yet
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? text;
}
