import fc from 'fast-check';
import t from 'tap';
import { CoverageJudge } from '../../src/engine/coverage/judge.js';
import type { PodVerdict } from '../../src/model/coverage.js';
import { running } from '../engine/coverage/running.js';
import { decideNow } from '../support/engine.js';
import { patched } from '../support/json.js';
import { generatedPod } from '../support/pods.js';
import { choices, engineWith } from './policies.js';
import { withoutEachPart } from './removal.js';

const numRuns = Number(process.env['FAST_CHECK_RUNS'] ?? 150);
t.setTimeout(60_000 + numRuns * 400);

const shop = { namespace: 'shop', labels: {} };

t.test('a pod that both doors instrument is instrumented when it runs, by its record and whole', (t) => {
  let judged = 0;
  fc.assert(
    fc.property(generatedPod, choices, ({ pod, images }, made) => {
      const engine = engineWith(made, images);
      const { decision, patch } = decideNow(pod, engine);
      if (decision.decision !== 'inject' && decision.decision !== 'partial') return;
      const final = running(patched(pod, patch));
      if (decideNow(final, engine, 'validate').decision.decision !== decision.decision) return;
      judged += 1;
      const judge = new CoverageJudge({
        engine,
        earlier: [],
        calledFor: () => ({ sinceMs: undefined, unreached: [] }),
      });
      const wanted = decision.decision === 'inject' ? 'instrumented' : 'partial';
      expect(judge.byRecord(final, shop), wanted, 'by its record');
      expect(judge.whole(final, shop), wanted, 'whole');
    }),
    { numRuns },
  );
  t.ok(judged > numRuns / 10, `${judged} pods`);
  t.end();
});

t.test('a pod that lacks a part, or that the validating door would deny, is never instrumented', (t) => {
  let judged = 0;
  fc.assert(
    fc.property(generatedPod, choices, ({ pod, images }, made) => {
      const engine = engineWith(made, images);
      const { patch } = decideNow(pod, engine);
      const whole = running(patched(pod, patch));
      const judge = new CoverageJudge({
        engine,
        earlier: [],
        calledFor: () => ({ sinceMs: undefined, unreached: [] }),
      });
      for (const { part, pod: lacking } of withoutEachPart(pod, whole, patch)) {
        const { decision } = decideNow(lacking, engine, 'validate');
        if (decision.decision === 'inject') continue;
        judged += 1;
        const verdict = judge.whole(lacking, shop);
        if (verdict?.state === 'instrumented')
          throw new Error(`without ${part}: ${decision.decision} ${decision.reason}`);
      }
    }),
    { numRuns },
  );
  t.ok(judged > numRuns, `${judged} pods`);
  t.end();
});

function expect(verdict: PodVerdict | undefined, wanted: string, how: string): void {
  if (verdict?.state === wanted) return;
  throw new Error(
    `${how}: ${verdict?.state ?? 'none'} ${verdict?.reason ?? ''} ${verdict?.detail ?? ''}, not ${wanted}`,
  );
}
