/** Claude Code as it works through a session: one turn after another, agents side by side, errors tried again. */
import type { Session, Turn } from './day.ts';
import { serve } from './exchange.ts';
import { DAY_START_MS } from './providers.ts';
import type { Process } from './timeline.ts';
import type { World } from './world.ts';

/** Source: what Claude Code does when its server fails. */
const RETRIES_MAX = 10;
const BACK_OFF_MS = 550;
const BACK_OFF_MS_MAX = 36_000;

/** One session, from its start on. */
export function* runSession(world: World, session: Session): Process<void> {
  const { timeline } = world;
  yield session.startMs;
  // Whoever begins after noon has eaten.
  let isHungry = session.startMs < session.lunchAtMs;
  for (const turn of session.turns) {
    const isNoon = timeline.nowMs - DAY_START_MS >= session.lunchAtMs;
    if (turn.isPrompt && isHungry && isNoon) {
      isHungry = false;
      yield session.lunchMs;
    }
    yield turn.pauseMs;
    if (turn.side !== null) timeline.start(runTurn(world, turn.side));
    yield* runTurn(world, turn);
    yield turn.agents.map((turns) => runTurns(world, turns));
  }
}

function* runTurns(world: World, turns: readonly Turn[]): Process<void> {
  for (const turn of turns) {
    yield turn.pauseMs;
    yield* runTurn(world, turn);
  }
}

function* runTurn(world: World, turn: Turn): Process<void> {
  const { timeline, tally, router } = world;
  const startMs = timeline.nowMs;
  for (let retry = 0; retry <= RETRIES_MAX; retry += 1) {
    const answer = yield* serve(world, turn, `${turn.id}-${retry}`);
    const { nowMs } = timeline;
    if (answer.kind === 'answered') {
      const totalMs = nowMs - startMs;
      const firstContentMs = router.isStreaming ? answer.firstContentMs - startMs : totalMs;
      const { provider } = answer;
      tally.answered(turn, { provider, firstContentMs, totalMs, nowMs });
      return;
    }
    tally.error(answer.hasBegun);
    yield answer.retryAfterMs ?? Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS * 2 ** retry);
  }
  tally.lose();
}
