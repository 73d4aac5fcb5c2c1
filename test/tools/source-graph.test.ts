import t from 'tap';
import { findCircles, readSourceGraph } from './source-graph.js';

t.test('a circle is found, and told once, from its first module on', (t) => {
  const graph = new Map([
    ['src/a.ts', ['src/b.ts', 'src/d.ts']],
    ['src/b.ts', ['src/c.ts']],
    ['src/c.ts', ['src/a.ts', 'src/b.ts']],
    ['src/d.ts', []],
  ]);
  t.same(findCircles(graph), [['src/a.ts', 'src/b.ts', 'src/c.ts']]);
  t.same(findCircles(new Map([['src/a.ts', ['src/a.ts']]])), [['src/a.ts']], 'one that imports itself');
  t.same(findCircles(new Map([['src/a.ts', ['src/b.ts']]])), [], 'none');
  t.end();
});

t.test('the sources import each other in no circle', (t) => {
  const graph = readSourceGraph('.', ['src']);
  t.ok((graph.get('src/main.ts') ?? []).length > 0, 'imports are read');
  t.same(findCircles(graph), []);
  t.end();
});
