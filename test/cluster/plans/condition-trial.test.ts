import t from 'tap';
import { ConditionTrial } from '../../../src/cluster/plans/condition-trial.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { forbidden } from '../stored-objects.js';

const never = new AbortController().signal;
const condition = { name: 'exempt.outrider.dev/by-api-server', expression: 'true' };

t.test('W69: a condition that the API server refuses is said with its words, and tried again later', async (t) => {
  let nowMs = 0;
  let answer: Error | undefined;
  const asked: unknown[] = [];
  const trial = new ConditionTrial({
    client: {
      create: (path, object, options) => {
        asked.push({ path, options });
        return answer === undefined ? Promise.resolve(object) : Promise.reject(answer);
      },
    },
    clock: { monotonicMs: () => nowMs },
    instance: 'outrider',
  });
  const refusal = () => trial.refusalOf(condition, never);
  answer = forbidden();
  t.equal(await refusal(), 'forbidden');
  answer = new ApiError('undeclared reference', { status: 422, reason: 'Invalid' });
  t.equal(await refusal(), 'undeclared reference', 'what says nothing about the condition is tried again at once');
  answer = undefined;
  t.equal(await refusal(), 'undeclared reference');
  t.equal(asked.length, 2);
  nowMs = 10 * 60_000;
  t.equal(await refusal(), undefined);
  nowMs *= 100;
  t.equal(await refusal(), undefined);
  t.equal(asked.length, 3, 'what was accepted is not asked again');
  trial.keep(new Set());
  answer = new TypeError('ours');
  await t.rejects(refusal(), /ours/);
  t.match(asked, [{ path: /mutatingwebhookconfigurations$/, options: { query: { dryRun: 'All' } } }]);
});
