import t from 'tap';
import { defaultBodyBytes, defaultPendingBytes } from '../../src/model/bounds.js';
import { ReviewMemory } from '../../src/server/review-memory.js';

t.test('each part has room of its own, and the default holds some of the largest bodies', (t) => {
  const memory = new ReviewMemory(defaultPendingBytes);
  const entered: number[] = [];
  for (let index = 0; index < 5; index++) {
    memory.large.add({
      bytes: defaultBodyBytes,
      enter: () => void entered.push(index),
      refuse: () => undefined,
      receivedBytes: 0,
      isWhole: false,
    });
  }
  t.strictSame(entered, [0, 1, 2]);
  memory.small.add({ refuse: () => t.fail('a small body is refused') }, 1_000_000);
  t.ok(memory.work.run(defaultPendingBytes / 2, () => undefined));
  t.equal(memory.takenBytes, 3 * defaultBodyBytes + 1_000_000);
  t.end();
});
