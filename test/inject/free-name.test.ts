import t from 'tap';
import { freeName, mostSuffixes, suffixedName } from '../../src/inject/free-name.js';

t.test('a name, then the same with a suffix', (t) => {
  const taken = new Set(['agent', 'agent-2', 'agent-4']);
  t.equal(suffixedName('agent', 1), 'agent');
  t.equal(
    freeName('other', (name) => taken.has(name)),
    'other',
  );
  t.equal(
    freeName('agent', (name) => taken.has(name)),
    'agent-3',
  );
  const tried: string[] = [];
  const all = (name: string) => tried.push(name) > 0;
  t.equal(freeName('agent', all, mostSuffixes), undefined, 'where all are taken');
  t.equal(tried.length, mostSuffixes);
  t.equal(tried.at(-1), 'agent-9');
  t.end();
});
