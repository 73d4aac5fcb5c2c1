import t from 'tap';
import { standingOf, type Standing } from '../../../src/inject/pod/standing.js';
import { isFinding, readPod } from '../../../src/inject/pod/view.js';
import type { Engine } from '../../../src/engine/engine.js';
import { objectOf, parsedJson, type JsonObject } from '../../../src/model/json.js';
import { running } from '../../engine/session/sessions.js';
import { engineFor, engineOf, policyText } from '../../support/engine.js';
import { draft, draftsOf, nameOf, objectAt, type DraftObject } from '../../support/json.js';
import { podOf } from '../../support/pods.js';

/** What each container of a pod is, by the policy `default`. */
function standings(pod: JsonObject, engine: Engine): Readonly<Record<string, Standing['is']>> {
  const view = readPod(pod);
  const rule = engine.rules.byPolicy.get('default');
  if (isFinding(view) || rule === undefined) throw new Error('no pod, or no rule');
  return Object.fromEntries(
    [...view.initContainers, ...view.containers].map((one) => [
      one.name,
      standingOf(one, view, [], rule, engine.facts).is,
    ]),
  );
}

const web = { name: 'web', image: 'shop/web:1', command: ['/app'] };

t.test('each container of a pod as the engine makes it, whatever the delivery and the placement', (t) => {
  const security = { prefer: 'Security' };
  const ours = 'sysdig-workload-agent';
  const parts = { [`${ours}-tools`]: 'ours', [`${ours}-copy`]: 'ours', [ours]: 'ours', web: 'wrapped' };
  const copied = engineFor({ ...security, delivery: 'Copy' });
  t.same(standings(running(podOf(), copied), copied), parts);
  const mounted = engineFor({ ...security, delivery: 'ImageVolume' });
  t.same(standings(running(podOf(), mounted), mounted), { [ours]: 'ours', web: 'wrapped' });
  const plain = engineFor({ ...security, agent: { placement: 'Container' } });
  t.same(standings(running(podOf(), plain), plain), parts);
  // Made otherwise, by settings of before.
  t.same(standings(running(podOf(), mounted), copied), { [ours]: 'ours', web: 'wrapped' });
  t.same(standings(running(podOf(), plain), copied), parts);
  t.end();
});

t.test('E38: an agent with a keeper is the agent, whichever way its tools come', (t) => {
  const name = 'sysdig-workload-agent';
  const image = 'quay.io/sysdig/workload-agent:6.3.0';
  const known = {
    kind: 'ImageMap',
    apiVersion: 'outrider.dev/v1alpha1',
    images: { [image]: { entrypoint: ['/agent'] } },
  };
  const engineBy = (delivery: string): Engine =>
    engineOf(
      `${policyText('default', { profile: { name: 'sysdig', settings: { region: 'us2' } }, delivery })}---\n${JSON.stringify(known)}\n`,
    );
  for (const delivery of ['Copy', 'ImageVolume']) {
    const engine = engineBy(delivery);
    const pod = running(podOf(), engine);
    t.match(standings(pod, engine), { [name]: 'agent', web: 'wrapped' }, delivery);
    const other = JSON.stringify(pod)
      .replace('"mountPath":"/outrider/.outrider","subPath":"tools"', '"mountPath":"/outrider/.outrider","subPath":"x"')
      .replace('"mountPath":"/outrider","readOnly":true}', '"mountPath":"/outrider"}');
    t.match(standings(objectOf(parsedJson(other)) ?? {}, engine), { [name]: 'ours' }, `${delivery}, mounted otherwise`);
  }
  const engine = engineBy('ImageVolume');
  const pod = JSON.stringify(running(podOf(), engine)).replace(engine.facts.toolsImage, 'shop/tools:1');
  t.match(standings(objectOf(parsedJson(pod)) ?? {}, engine), { [name]: 'ours' }, 'tools of another image');
  t.end();
});

t.test('a name alone makes nothing ours, and no name makes a traced container less so', (t) => {
  const engine = engineFor({ prefer: 'Security' });
  const named = { name: 'sysdig-workload-agent', image: 'shop/other:1', command: ['/other'] };
  t.same(standings(podOf({ containers: [web, named] }), engine), { web: 'bare', 'sysdig-workload-agent': 'bare' });
  const pod = running(podOf({ containers: [web, named] }), engine);
  t.match(standings(pod, engine), { web: 'wrapped', 'sysdig-workload-agent': 'wrapped' });
  t.end();
});

t.test('the agent is one of an earlier version, too, and none whose tools something lies over', (t) => {
  const agents = `---
apiVersion: outrider.dev/v1alpha1
kind: ImageMap
images:
  quay.io/sysdig/workload-agent:6.3.0: { entrypoint: [/agent], cmd: [] }
`;
  const by = (version: string): Engine =>
    engineOf(agents + policyText('default', { profile: { name: 'sysdig', settings: { region: 'us2', version } } }));
  const engine = by('6.3.0');
  const pod = running(podOf(), engine);
  const agent = 'sysdig-workload-agent';
  t.equal(standings(pod, engine)[agent], 'agent');
  t.equal(standings(pod, by('7'))[agent], 'agent', 'made before an upgrade');
  const with_ = (change: (agent: DraftObject) => void): JsonObject => {
    const copy = draft(pod);
    for (const one of draftsOf(objectAt(copy, 'spec')['initContainers'])) if (nameOf(one) === agent) change(one);
    return copy;
  };
  t.equal(
    standings(
      with_((one) => void (one['image'] = 'mallory/agent:1')),
      engine,
    )[agent],
    'ours',
  );
  const over = with_((one) => {
    const mounts = one['volumeMounts'];
    if (Array.isArray(mounts)) mounts.push({ name: 'own', mountPath: '/outrider/.outrider', readOnly: true });
  });
  t.equal(standings(over, engine)[agent], 'ours');
  t.end();
});

t.test('a wrapper without a volume of ours is none', (t) => {
  const engine = engineFor({ prefer: 'Security' });
  const forged = { ...web, command: ['/opt/draios/bin/instrument', '/app'] };
  t.same(standings(podOf({ containers: [forged] }), engine), { web: 'bare' });
  t.end();
});
