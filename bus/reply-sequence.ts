/**
 * The receiving half of a reply stream's order: accepts each frame once, in sequence. No I/O, no clock.
 */
export class ReplySequence {
  #expected = 0;
  #isGapReported = false;

  /** The sequence number of the next frame to accept; all below it were accepted. */
  get expected(): number {
    return this.#expected;
  }

  /**
   * `accept`: the frame is next. `duplicate`: seen before, ignore. `gap`: frames are missing, ask for them.
   * `gap-known`: frames are missing and were asked for; ignore until they come.
   */
  check(sequence: number): 'accept' | 'duplicate' | 'gap' | 'gap-known' {
    if (sequence === this.#expected) {
      this.#expected += 1;
      this.#isGapReported = false;
      return 'accept';
    }
    if (sequence < this.#expected) return 'duplicate';
    if (this.#isGapReported) return 'gap-known';
    this.#isGapReported = true;
    return 'gap';
  }

  /** True when the sender's next sequence number says that frames were lost at the end. */
  isBehind(nextSequence: number): boolean {
    return nextSequence > this.#expected;
  }

  /** Lets the next gap be reported again: the request for the last one may have been lost. */
  forgetGap(): void {
    this.#isGapReported = false;
  }
}
