import { mock } from 'node:test';
import t from 'tap';
import { createLogger } from '../../src/observe/logger.js';
import { watchForStalls } from '../../src/observe/stall.js';

t.test('a timer that is late by more than is allowed is a line in the log, and a punctual one is none', async (t) => {
  const lines: string[] = [];
  const logger = await createLogger({
    level: 'info',
    format: 'json',
    destination: { write: (line) => void lines.push(line) },
  });
  const stop = new AbortController();
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  let nowMs = 0;
  watchForStalls({ logger, longestMs: 500, nowMs: () => nowMs, signal: stop.signal });
  const pass = (ms: number): void => {
    nowMs += ms;
    mock.timers.tick(1_000);
  };
  pass(1_400);
  t.strictSame(lines, []);
  pass(1_600);
  t.match(lines, [/"lateMs":600/]);
  stop.abort();
  pass(9_000);
  t.equal(lines.length, 1, 'ended by the signal');
});
