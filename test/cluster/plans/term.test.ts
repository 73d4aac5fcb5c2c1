import t from 'tap';
import { Judges } from '../../../src/cluster/plans/judges.js';
import { KnownPlans } from '../../../src/cluster/plans/known-plans.js';
import { Term } from '../../../src/cluster/plans/term.js';
import { memoryLog } from '../fake-api.js';
import { fakeTime, storedObjects } from '../stored-objects.js';

t.test('a deleted definition makes parameters be forgotten, and nothing else', (t) => {
  const { client } = storedObjects();
  const time = fakeTime();
  const common = { client, clock: time.clock, sleep: time.sleep, random: () => 0.5, log: memoryLog().log };
  const nothing = (): void => undefined;
  const signal = AbortSignal.abort();
  const plans = new KnownPlans({ ...common, relistMs: 1, signal, onChange: nothing, onFailure: nothing });
  const judges = new Judges(nothing);
  const term = new Term({ ...common, plans, judges, instance: 'o', ownNamespace: 'o', totalBytes: 1 });
  const before = { plans: term.plans, parameters: term.parameters, writer: term.writer };
  term.newPlans();
  t.not(term.plans, before.plans);
  t.not(term.parameters, before.parameters);
  t.equal(term.writer, before.writer);
  t.end();
});
