import t from 'tap';
import { sessionWithoutPod } from '../../../src/engine/session/without-pod.js';
import type { Door } from '../../../src/model/decision.js';
import type { JsonObject } from '../../../src/model/json.js';
import { engineFor, engineOf, policyText } from '../../support/engine.js';
import { jo } from './sessions.js';

const place = { kind: 'exec', namespace: 'shop', namespaceLabels: {}, user: jo } as const;
const profile = { name: 'sysdig', settings: { region: 'us2' } };

t.test(
  'a pod that cannot be read keeps a session out where a policy that prefers security would trace or deny it',
  (t) => {
    const said = (spec: JsonObject, door: Door = 'validate') =>
      sessionWithoutPod({ ...place, door }, 'no answer', engineFor(spec));
    for (const exec of ['Trace', 'Deny']) {
      t.match(said({ prefer: 'Security', sessions: { exec } }), {
        decision: 'denied',
        reason: 'session_pod_unknown',
        detail: 'no answer',
        policy: 'default',
        recorded: true,
      });
      t.match(said({ prefer: 'Security', sessions: { exec } }, 'mutate'), { decision: 'untraced' }, 'never there');
      t.match(said({ sessions: { exec } }), { decision: 'untraced', recorded: true });
    }
    t.match(said({ prefer: 'Security', sessions: { exec: 'Record' } }), { decision: 'untraced', recorded: true });
    t.match(said({}), { decision: 'untraced', recorded: false, policy: undefined });
    t.match(said({ mode: 'Off', prefer: 'Security' }), { decision: 'untraced', recorded: false });
    t.match(said({ mode: 'Report', prefer: 'Security' }), { decision: 'untraced', recorded: true });
    t.match(said({ prefer: 'Security', sessions: { exempt: { users: [jo.username] } } }), { recorded: false });
    t.end();
  },
);

t.test('each policy for the namespace counts, since the pod would say which one wins', (t) => {
  const engine = engineOf(
    policyText('usual', { precedence: 2, profile, sessions: { exec: 'Record' } }) +
      policyText('strict', {
        prefer: 'Security',
        precedence: 1,
        match: { podSelector: { matchLabels: { tier: 'db' } } },
        profile,
      }) +
      policyText('elsewhere', {
        prefer: 'Security',
        precedence: 3,
        match: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'other' } } },
        profile,
        sessions: { exec: 'Deny' },
      }),
  );
  const ask = (namespace: string) => sessionWithoutPod({ ...place, namespace, door: 'validate' }, '', engine);
  t.match(ask('shop'), { decision: 'denied', policy: 'strict' });
  t.match(ask('other'), { decision: 'denied', policy: 'elsewhere' });
  t.match(ask('kube-system'), { decision: 'untraced', recorded: false });
  const broken = engineFor({ prefer: 'Security', profile: { name: 'none' } }, { broken: true });
  t.match(sessionWithoutPod({ ...place, door: 'validate' }, '', broken), { decision: 'denied' });
  t.end();
});
