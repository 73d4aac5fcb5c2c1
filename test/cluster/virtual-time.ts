import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/time/clock.js';

/** Time that passes only when a test says so. */
export interface VirtualTime extends Clock {
  /** As the product waits: ends early when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Lets so many milliseconds pass: each wait that ends meanwhile ends in its turn, with what it sets off. */
  advance(ms: number): Promise<void>;
  /** Sets the date, and only it, as someone does who sets a computer's clock. */
  jump(ms: number): void;
}

interface Wait {
  readonly untilMs: number;
  readonly end: () => void;
}

const turns = 5;
const mostTurns = 100_000;

/**
 * @param waiting how many wait when all work is done; more turns are given to those that still work, such as by
 *   making keys outside this thread
 */
export function createVirtualTime(
  wallMs = Date.parse('2026-11-22T12:00:00Z'),
  waiting: () => number = () => 0,
): VirtualTime {
  let nowMs = 1_000;
  let offsetMs = wallMs - nowMs;
  const waits = new Set<Wait>();
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) await nextTurn();
    for (let turn = 0; turn < mostTurns && waits.size < waiting(); turn++) await nextTurn();
  };
  return {
    monotonicMs: () => nowMs,
    wallMs: () => nowMs + offsetMs,
    jump: (ms) => {
      offsetMs += ms;
    },
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) {
          resolve();
          return;
        }
        const end = (): void => {
          waits.delete(wait);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const wait = { untilMs: nowMs + ms, end };
        waits.add(wait);
        signal.addEventListener('abort', end, { once: true });
      }),
    advance: async (ms) => {
      const untilMs = nowMs + ms;
      await settle();
      for (;;) {
        const [next] = [...waits].filter((wait) => wait.untilMs <= untilMs).sort((a, b) => a.untilMs - b.untilMs);
        if (next === undefined) break;
        nowMs = Math.max(nowMs, next.untilMs);
        next.end();
        await settle();
      }
      nowMs = Math.max(nowMs, untilMs);
    },
  };
}
