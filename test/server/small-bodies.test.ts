import t from 'tap';
import { SmallBodies } from '../../src/server/small-bodies.js';

function bodies(totalBytes: number) {
  const small = new SmallBodies(totalBytes);
  const refused: string[] = [];
  const make = (name: string) => ({ refuse: () => void refused.push(name) });
  return { small, refused, make };
}

t.test('F16: where there is no room the one that is unfinished for longest goes, and no other', (t) => {
  const { small, refused, make } = bodies(100);
  const [slow, next, last] = [make('slow'), make('next'), make('last')];
  small.add(slow, 40);
  small.add(next, 40);
  small.add(slow, 10);
  t.strictSame(refused, []);
  small.add(last, 20);
  t.strictSame(refused, ['slow']);
  t.equal(small.takenBytes, 60);
  small.leave(slow);
  small.leave(next);
  small.leave(next);
  t.equal(small.takenBytes, 20, 'who has left is not counted twice');
  small.leave(last);
  t.equal(small.takenBytes, 0);
  t.end();
});

t.test('one that is alone and too large goes itself', (t) => {
  const { small, refused, make } = bodies(10);
  small.add(make('alone'), 11);
  t.strictSame(refused, ['alone']);
  t.equal(small.takenBytes, 0);
  t.end();
});
