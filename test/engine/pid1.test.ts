import fc from 'fast-check';
import t from 'tap';
import type { JsonObject } from '../../src/model/json.js';
import { throughTheServer } from '../support/cluster.js';
import { decideNow, decideWithLookUps, engineFor } from '../support/engine.js';
import { patched } from '../support/json.js';
import { podOf } from '../support/pods.js';

const image = 'shop/s6:1';
const s6 = { [image]: { entrypoint: ['/init'], cmd: [] } };
const web = { name: 'web', image: 'shop/web:1', command: ['/app'] };
const only = { containers: { include: ['web'] } };

const inits: readonly JsonObject[] = [
  { command: ['/init'] },
  { command: ['//sbin/init'] },
  { command: ['systemd'] },
  { command: ['/sbin/tini', '--'], args: ['/init'] },
  { command: ['/bin/sh', '-c'], args: ['exec /sbin/init'] },
  { image },
  { image, args: ['/app'] },
];

/** Where such a container can stand, and what the policy makes of it. */
const places: Readonly<Record<string, (container: JsonObject) => readonly [pod: JsonObject, containers: JsonObject]>> =
  {
    covered: (container) => [podOf({ containers: [web, container] }), {}],
    alone: (container) => [podOf({ containers: [container] }), {}],
    excluded: (container) => [podOf({ containers: [web, container] }), { exclude: ['ssh'] }],
    'not included': (container) => [podOf({ containers: [web, container] }), only.containers],
    'an init container': (container) => [podOf({ containers: [web], initContainers: [container] }), {}],
    'a native sidecar': (container) => [
      podOf({ containers: [web], initContainers: [{ ...container, restartPolicy: 'Always' }] }),
      {},
    ],
  };

t.test('F22: one container that has to be process 1 decides over the whole pod, wherever it stands', (t) => {
  for (const [place, make] of Object.entries(places)) {
    fc.assert(
      fc.property(
        fc.constantFrom(...inits),
        fc.constantFrom('Availability', 'Security'),
        fc.constantFrom([], ['pid1_in_pod'], ['pid1_entrypoint'], ['windows']),
        (init, prefer, admitted) => {
          const [pod, containers] = make({ name: 'ssh', image: 'shop/ssh:1', ...init });
          const engine = engineFor({ containers, prefer, admitUninstrumented: admitted }, { known: s6 });
          const mutated = decideNow(pod, engine);
          const denied = prefer === 'Security' && !admitted.some((reason) => reason.startsWith('pid1'));
          const { decision, reason } = decideNow(pod, engine, 'validate').decision;
          return (
            mutated.decision.decision === 'skip' &&
            mutated.decision.reason === 'pid1_in_pod' &&
            mutated.patch.length === 0 &&
            reason === 'pid1_in_pod' &&
            decision === (denied ? 'deny' : 'skip')
          );
        },
      ),
    );
    t.pass(place);
  }
  t.end();
});

t.test(
  'F22: where the recipe shares no namespace, or the pod does itself, it is that container’s matter alone',
  (t) => {
    const pod = podOf({ containers: [web, { name: 'ssh', command: ['/init'] }], shareProcessNamespace: true });
    t.match(decideNow(pod, engineFor()).decision, { decision: 'partial', reason: 'pid1_entrypoint' });
    t.match(decideNow(pod, engineFor(only)).decision, { decision: 'inject' });
    t.end();
  },
);

t.test('F22: with no container selected there is nothing to leave alone for it', (t) => {
  const pod = podOf({ containers: [{ name: 'ssh', command: ['/init'] }] });
  t.match(decideNow(pod, engineFor(only)).decision, { reason: 'no_container_selected' });
  t.end();
});

t.test('F22: a selected container’s image is looked up for it, another one’s is not', async (t) => {
  const pod = podOf({ containers: [web, { name: 'ssh', image }] });
  t.match((await decideWithLookUps(pod, engineFor({}, { asked: s6 }))).decision, { reason: 'pid1_in_pod' });
  t.match((await decideWithLookUps(pod, engineFor(only, { asked: s6 }))).decision, { reason: 'injected' });
  const said = podOf(
    { containers: [web, { name: 'ssh', image }] },
    { name: 'web', annotations: { 'outrider.dev/images': '{"ssh": {"entrypoint": ["/init"]}}' } },
  );
  t.match(decideNow(said, engineFor(only)).decision, { reason: 'pid1_in_pod' });
});

t.test('F22: a pod that was instrumented stays so when an image becomes known later', (t) => {
  const pod = podOf({ containers: [web, { name: 'ssh', image }] });
  const first = decideNow(pod, engineFor({ ...only, prefer: 'Security' }));
  const final = throughTheServer(patched(pod, first.patch));
  const later = engineFor({ ...only, prefer: 'Security' }, { known: s6 });
  t.match(decideNow(final, later).decision, { decision: 'inject', reason: 'injected' });
  t.match(decideNow(final, later, 'validate').decision, { decision: 'inject', reason: 'injected' });
  t.end();
});
