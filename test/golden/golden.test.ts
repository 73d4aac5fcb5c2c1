import t from 'tap';
import { applyUndo } from '../../src/documents/undo/undo.js';
import { names } from '../../src/model/names.js';
import { draft, drop, isDraftObject, textOf } from '../support/json.js';
import { throughTheServer } from '../support/cluster.js';
import { askDoor, reviewOf } from '../support/engine.js';
import { dataOf, engineFor, read, readCases, reportText, runCase } from './cases.js';

const cases = readCases();

t.test('there are enough cases, and each of the numbers has one', (t) => {
  t.ok(cases.length >= 45, `${cases.length} cases`);
  const said = cases.map(({ title }) => title).join('\n');
  const numbers = [1, 2, 3, 4, 5, 6, 7, 17, 18, 19, 20, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 36, 37, 38, 39, 41];
  for (const number of numbers) t.match(said, new RegExp(`E${number}\\b`));
  t.end();
});

for (const one of cases) {
  t.test(`${one.title} (${one.name})`, async (t) => {
    const { output, report, offline, offlinePlain } = await runCase(one);
    t.equal(output, read(one.name, 'output.yaml'), 'output.yaml');
    t.equal(reportText(report), read(one.name, 'report.json'), 'report.json');

    t.equal(offlinePlain, output, 'the offline way comes to the same text');
    const injected = dataOf(offline);
    if (offline !== one.podText) {
      t.equal(textOf(applyUndo(injected)), textOf(dataOf(one.podText)), 'uninject gives the same data and order back');
      const plain = draft(injected);
      const { metadata } = plain;
      if (isDraftObject(metadata) && isDraftObject(metadata['annotations'])) drop(metadata['annotations'], names.undo);
      t.equal(textOf(plain), textOf(dataOf(output)), 'apart from the undo annotation');
    }

    const again = await askDoor('mutate', reviewOf(throughTheServer(dataOf(output))), engineFor(one), {
      namespaceLabelsOf: one.namespaceLabels,
    });
    t.same(again.patch, [], 'nothing is added twice');
    t.equal(again.audit['reason'], report['reason'], 'and the reason is the same');
  });
}
