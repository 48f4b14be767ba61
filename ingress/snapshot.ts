/** A value that is costly to gather, at most `freshMs` old. Whoever asks meanwhile gets the same. */
export type Snapshot<Value> = () => Promise<Value>;

/** Makes a snapshot of what `gather` finds. A failure is told to those who wait and is not kept. */
export function createSnapshot<Value>(
  gather: () => Promise<Value>,
  freshMs: number,
): Snapshot<Value> {
  let kept: { readonly value: Promise<Value>; readonly atMs: number } | null = null;
  return () => {
    if (kept !== null && performance.now() - kept.atMs < freshMs) return kept.value;
    const mine = { value: gather(), atMs: performance.now() };
    kept = mine;
    mine.value.catch(() => {
      if (kept === mine) kept = null;
    });
    return mine.value;
  };
}
