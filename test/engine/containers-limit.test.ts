import t from 'tap';
import type { JsonObject } from '../../src/model/json.js';
import { decideNow, engineFor } from '../support/engine.js';
import { patched } from '../support/json.js';
import { podOf } from '../support/pods.js';

const facts = { maxContainers: 5 };
const containers = (count: number, prefix = 'c') =>
  Array.from({ length: count }, (_, index) => ({ name: `${prefix}${String(index)}`, image: 'i', command: ['/app'] }));

function verdict(pod: JsonObject, spec: JsonObject = {}, door: 'mutate' | 'validate' = 'mutate'): string {
  const { decision, reason } = decideNow(pod, engineFor(spec, { facts }), door).decision;
  return `${decision} ${reason}`;
}

t.test('F17: a pod of too many containers is a skip, and a denial where the policy insists', (t) => {
  const pod = podOf({ containers: containers(6) });
  t.equal(verdict(pod), 'skip too_many_containers');
  t.equal(verdict(pod, {}, 'validate'), 'skip too_many_containers');
  for (const spec of [{ prefer: 'Security' }, { optOut: 'Forbidden' }]) {
    t.equal(verdict(pod, spec), 'skip too_many_containers');
    t.equal(verdict(pod, spec, 'validate'), 'deny too_many_containers');
  }
  t.end();
});

t.test('init and ephemeral containers count, and a pod far beyond the limit is not opened', (t) => {
  const mixed = {
    containers: containers(2),
    initContainers: containers(2, 'i'),
    ephemeralContainers: containers(2, 'e'),
  };
  t.equal(verdict(podOf(mixed)), 'skip too_many_containers');
  t.equal(verdict(podOf({ ...mixed, ephemeralContainers: containers(1, 'e') })), 'inject injected');
  const unreadable = Array.from({ length: 9 }, () => 'none');
  t.equal(verdict(podOf({ containers: unreadable })), 'skip too_many_containers');
  t.end();
});

t.test('our own containers do not count: a pod at the limit is instrumented, and whole for both doors', (t) => {
  const pod = podOf({ containers: containers(5) });
  for (const spec of [{}, { prefer: 'Security' }, { optOut: 'Forbidden', profile: { name: 'datadog' } }]) {
    const engine = engineFor(spec, { facts });
    const after = patched(pod, decideNow(pod, engine).patch);
    t.equal(verdict(after, spec), 'inject injected');
    t.equal(verdict(after, spec, 'validate'), 'inject injected');
    t.strictSame(decideNow(after, engine).patch, []);
  }
  t.end();
});
