import t from 'tap';
import { unprovenEngine } from '../../src/engine/unproven.js';
import { isPending } from '../../src/engine/outcome.js';
import { instrument } from '../../src/engine/instrument.js';
import { engineFor } from '../support/engine.js';
import { podOf, podWith } from '../support/pods.js';

const never = (): never => {
  throw new Error('asked for');
};
const mirrored = { credentials: { secretRef: { name: 'key', key: 'k' }, mirror: true } };

for (const prefer of ['Availability', 'Security'] as const) {
  for (const door of ['mutate', 'validate'] as const) {
    t.test(`F25, F26: under ${prefer}, the door ${door} asks nobody for an unproven caller`, (t) => {
      const engine = unprovenEngine({
        ...engineFor({ prefer, ...mirrored }),
        images: { known: never, lookUp: never },
        secretState: never,
        credentials: { prepare: never, detail: never, version: never },
        limits: { of: never, prepare: never, trouble: never },
      });
      const about = {
        namespace: 'shop',
        namespaceLabels: {},
        door,
        admitted: true,
        trace: false,
        lookUp: never,
      } as const;
      for (const pod of [podOf(), podWith({ image: 'team-b/private:1', command: undefined })]) {
        const outcome = instrument({ ...about, pod }, engine);
        if (isPending(outcome)) throw new Error('something is waited for');
        t.ok(outcome.decision.detail);
      }
      t.end();
    });
  }
}

t.test(
  'F25: a container that needs no look-up is decided on as ever, and one that does has a reason of its own',
  (t) => {
    const engine = unprovenEngine(engineFor());
    const about = { namespace: 'shop', namespaceLabels: {}, admitted: true, trace: false, lookUp: undefined } as const;
    const decided = (door: 'mutate' | 'validate', pod: ReturnType<typeof podOf>, of = engine) => {
      const outcome = instrument({ ...about, door, pod }, of);
      if (isPending(outcome)) throw new Error('something is waited for');
      return outcome.decision;
    };
    t.match(decided('mutate', podWith({ command: ['/app'] })), { decision: 'inject', reason: 'injected' });
    const private_ = podWith({ image: 'team-b/private:1', command: undefined });
    t.match(decided('mutate', private_), {
      decision: 'skip',
      reason: 'caller_unproven',
      detail: /team-b\/private:1 is looked up for the API server alone/,
    });
    const secure = unprovenEngine(engineFor({ prefer: 'Security' }));
    t.match(decided('validate', private_, secure), { decision: 'deny', reason: 'caller_unproven' });
    t.end();
  },
);
