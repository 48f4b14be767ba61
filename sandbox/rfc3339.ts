const SECOND_MS = 1_000;
let lastSecond = Number.NaN;
let lastText = '';

/** A time as `2026-01-31T12:00:00Z`, to the second. Header times repeat, so the last one is remembered. */
export function rfc3339(ms: number): string {
  const second = Math.ceil(ms / SECOND_MS);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = `${new Date(second * SECOND_MS).toISOString().slice(0, -5)}Z`;
  }
  return lastText;
}
