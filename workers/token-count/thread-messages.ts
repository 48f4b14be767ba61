import type { BodyCount } from './body-counter.ts';

/** To the counting thread: count this body. */
export interface CountQuestion {
  readonly id: number;
  readonly model: string;
  readonly body: Uint8Array;
}

/** From the counting thread: it is counted. */
export interface CountAnswer extends BodyCount {
  readonly id: number;
}
