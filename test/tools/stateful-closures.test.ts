import t from 'tap';
import { readSourceGraph } from './source-graph.js';
import { closuresIn, findStatefulClosures } from './stateful-closures.js';

t.test('a closure with state and methods is found, a memo and a function with neither are not', (t) => {
  const methods = 'return { get: () => kept, set(value) { kept = value; } };';
  t.same(closuresIn(`export function createPart() { let kept = 0; ${methods} }`), ['createPart']);
  t.same(closuresIn('function part() { const kept = new Map(); return { get: () => kept, size: () => 1 }; }'), [
    'part',
  ]);
  t.same(closuresIn('function memo() { const kept = new Map(); return (key) => kept.get(key); }'), []);
  t.same(closuresIn('function bound(a) { return { get: () => a, twice: () => 2 * a }; }'), []);
  t.end();
});

t.test('parts with state are classes', (t) => {
  const files = [...readSourceGraph('.', ['src']).keys()];
  t.ok(files.length > 100);
  t.same(findStatefulClosures('.', files), []);
  t.end();
});
