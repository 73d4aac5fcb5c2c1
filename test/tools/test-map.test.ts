import t from 'tap';
import { readSourceGraph } from './source-graph.js';
import { leadsTo, modulesWithoutTest, testedThrough } from './test-map.js';

const graph = readSourceGraph('.', ['src', 'test']);
const alone = modulesWithoutTest('.', graph);

t.test('each module has a test: its own, one that imports it, one of its folder, or one of the table', (t) => {
  t.ok(graph.has('test/engine/images.test.ts'), 'tests are read');
  for (const module of alone) t.ok(rowOf(module), `a test for ${module}, or a row in test/tools/test-map.ts`);
  t.end();
});

t.test('without tests, all that does something is told, and types are not', (t) => {
  const found = new Set(modulesWithoutTest('.', readSourceGraph('.', ['src'])));
  t.ok(found.has('src/engine/images.ts'));
  t.notOk(found.has('src/model/decision.ts'));
  t.end();
});

t.test('each row of the table is needed, and its test leads to what it stands for', (t) => {
  for (const [place, test] of Object.entries(testedThrough)) {
    const modules = alone.filter((module) => rowOf(module) === place);
    t.ok(modules.length > 0, `${place} is needed`);
    t.ok(graph.has(test), `${test} is there`);
    if (!graph.has(test)) continue;
    for (const module of modules) t.ok(leadsTo('.', graph, test, module), `${test} leads to ${module}`);
  }
  t.end();
});

/** The row that a module is in: its own, or its folder's. */
function rowOf(module: string): string | undefined {
  return Object.keys(testedThrough).find(
    (place) => place === module || (place.endsWith('/') && module.startsWith(place)),
  );
}
