import t from 'tap';
import { takenBackData, takenBackText } from '../../../src/cli/coverage/taken-back.js';
import { styleOf } from '../../../src/cli/text/style.js';
import { entryOf, lookMs } from '../../support/taken-back-entry.js';

const how = { wide: false, programName: 'outrider', style: styleOf(false) };

t.test('a row each: since when, when it is tried again; what failed and what helps below', (t) => {
  const entries = [entryOf(), entryOf({ kind: 'StatefulSet', name: 'db', tries: 1 })];
  const text = takenBackText(entries, lookMs, { ...how, namespaces: true });
  t.match(text, /\nNAMESPACE +WORKLOAD +POLICY +TAKEN BACK +TRIED AGAIN\n/);
  t.match(text, /\nshop +deploy\/web +default +5 min ago +in 5 min\n {2}the node cannot pull/);
  t.match(text, /\nshop +sts\/db +default +5 min ago +in 5 min, after 1 try that failed\n/);
  t.match(text, '\n  outrider restart sts/db -n shop --taken-back');
  t.notMatch(takenBackText(entries, lookMs, { ...how, namespaces: false }), 'NAMESPACE');
  t.equal(takenBackText([], lookMs, { ...how, namespaces: true }), '', 'and nothing where there is nothing');
  t.end();
});

t.test('programs get it in fields', (t) => {
  const { since, evidence, at } = entryOf();
  t.match(takenBackData([entryOf()], lookMs, 'outrider'), [
    {
      namespace: 'shop',
      workload: 'deploy/web',
      policy: 'default',
      since,
      evidence,
      tries: 0,
      stage: 'LeftAlone',
      at,
      next: /./,
    },
  ]);
  t.end();
});
