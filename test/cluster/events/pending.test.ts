import t from 'tap';
import { PendingQueue } from '../../../src/cluster/events/pending.js';

function filled(most: number, ...owners: readonly string[]) {
  const queue = new PendingQueue<string>(most);
  const dropped = owners.map((owner, index) => queue.add({ owner, key: `${index}`, item: `${owner}${index}` }));
  return { queue, dropped };
}

function drained(queue: PendingQueue<string>): readonly string[] {
  const items: string[] = [];
  for (let next = queue.next(); next !== undefined; next = queue.next()) items.push(next.item);
  return items;
}

t.test('F30: owners take turns, each with its oldest first', (t) => {
  const { queue } = filled(10, 'a', 'a', 'a', 'b', 'c', 'b');
  t.equal(queue.get('a', '1'), 'a1');
  t.equal(queue.get('b', '1'), undefined, 'keys are an owner’s own');
  t.same(drained(queue), ['a0', 'b3', 'c4', 'a1', 'b5', 'a2']);
  t.equal(queue.next(), undefined);
  t.end();
});

t.test('F30: where it is full, whoever has the most loses its newest', (t) => {
  const { queue, dropped } = filled(4, 'a', 'a', 'a', 'a', 'a', 'b', 'b', 'b', 'c');
  t.same(dropped, [undefined, undefined, undefined, undefined, 'a4', 'a3', 'a2', 'b7', 'a1']);
  t.same(drained(queue), ['a0', 'b5', 'c8', 'b6']);
  const even = filled(2, 'a', 'b', 'c');
  t.same(even.dropped, [undefined, undefined, 'c2'], 'nobody loses all');
  t.end();
});

t.test('what waits of one owner is taken out, and its places are free', (t) => {
  const { queue } = filled(3, 'a', 'b', 'a');
  t.same(queue.clear('a'), ['a0', 'a2']);
  t.same(queue.clear('a'), []);
  t.equal(queue.add({ owner: 'b', key: 'x', item: 'x' }), undefined);
  t.equal(queue.add({ owner: 'b', key: 'y', item: 'y' }), undefined);
  t.same(drained(queue), ['b1', 'x', 'y']);
  t.end();
});
