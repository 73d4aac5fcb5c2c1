import t from 'tap';
import { misfitEverywhere } from '../../src/engine/sample-fit.js';
import type { JsonObject } from '../../src/model/json.js';
import { noLimits, type NamespaceLimits } from '../../src/model/namespace-limits.js';
import { engineFor, plainFacts } from '../support/engine.js';
import { quotaOf, rangeOf } from '../support/limits.js';

function misfit(limits: NamespaceLimits, spec: JsonObject = {}): string | undefined {
  const rule = engineFor(spec).rules.byPolicy.get('default');
  if (rule === undefined) throw new Error('no rule');
  return misfitEverywhere(rule, plainFacts, limits);
}

t.test('F21: where the agent fits beside no pod, that is known of the namespace', (t) => {
  t.equal(misfit(noLimits), undefined);
  t.equal(misfit(rangeOf({ max: { memory: '256Mi' } })), undefined);
  t.match(misfit(rangeOf({ max: { memory: '200Mi' } })), 'may have 200Mi of memory at most');
  t.match(misfit(rangeOf({ max: { memory: '200Mi' } }, 'Pod')), 'and a pod may have 200Mi there');
  t.equal(misfit(quotaOf({ hard: { 'requests.cpu': 1 }, scopes: ['NotBestEffort'] })), undefined, 'some pods fit');
  t.equal(
    misfit(rangeOf({ max: { memory: '1Mi' } }), { delivery: 'ImageVolume', profile: { name: 'datadog-node' } }),
    undefined,
  );
  t.end();
});
