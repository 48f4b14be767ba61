/** Does something again and again, while there is something to do. Disposing it stops it. */
export interface Ticker extends Disposable {
  /** Goes on, or begins: the first time is one period from now. */
  start(): void;
}

/** Creates a ticker that calls `run` every `everyMs`, from `start` on until it answers false: an idle process sleeps. */
export function createTicker(everyMs: number, run: () => boolean): Ticker {
  let timer: NodeJS.Timeout | null = null;
  const stop = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };
  const tick = (): void => {
    if (!run()) stop();
  };
  return {
    start() {
      timer ??= setInterval(tick, everyMs);
    },
    [Symbol.dispose]: stop,
  };
}
