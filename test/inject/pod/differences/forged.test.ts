import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { z } from 'zod';
import type { JsonObject, JsonValue } from '../../../../src/model/json.js';
import type { Operation } from '../../../../src/model/patch.js';
import { throughTheServer } from '../../../support/cluster.js';
import type { Engine } from '../../../../src/engine/engine.js';
import { decideNow, engineFor, engineOf, podNodes, policyText } from '../../../support/engine.js';
import {
  draft,
  draftsOf,
  listAt,
  members,
  nameOf,
  objectAt,
  patched,
  type DraftObject,
} from '../../../support/json.js';
import { podOf } from '../../../support/pods.js';

const folder = new URL('../../../../../test/fixtures/forged/', import.meta.url);

const additions = z.array(z.strictObject({ op: z.literal('add'), path: z.string(), value: z.json() }));

function forgery(file: string): readonly Operation[] {
  return additions.parse(JSON.parse(readFileSync(new URL(file, folder), 'utf8')));
}

const policies: Readonly<Record<string, JsonObject>> = {
  'Security, Forbidden': { prefer: 'Security', optOut: 'Forbidden' },
  'Security, Allowed': { prefer: 'Security' },
  'Availability, Forbidden': { optOut: 'Forbidden' },
};

/**
 * Hands a forged pod in: whoever made it has a whole pod of ours as a start. Either it ends denied, or ours are put back
 * and then are as planned.
 */
function judge(t: Test, engine: Engine, spec: JsonObject, forge: (pod: JsonObject) => JsonObject): void {
  const whole = throughTheServer(patched(podOf(), decideNow(podOf(), engine).patch));
  t.match(decideNow(whole, engine, 'validate').decision, { decision: 'inject', reason: 'injected' }, 'untouched');
  const forged = forge(whole);
  t.match(decideNow(forged, engine, 'validate').decision, {
    decision: 'deny',
    reason: spec['optOut'] === 'Forbidden' ? 'tampered' : 'parts_differ',
  });
  const { patch, decision } = decideNow(forged, engine);
  if (spec['optOut'] !== 'Forbidden') {
    t.match({ patch, decision }, { patch: [], decision: { decision: 'skip', reason: 'parts_differ' } });
    return;
  }
  t.match(decision, { decision: 'inject', reason: 'injected' }, decision.detail);
  t.ok(
    decision.steps.some(({ reason }) => reason === 'parts_put_back'),
    'said',
  );
  const back = patched(forged, patch);
  t.same(members(throughTheServer(back), 'initContainers'), members(whole, 'initContainers'));
  t.same(deliveredBy(back), deliveredBy(whole));
  t.match(decideNow(back, engine, 'validate').decision, { decision: 'inject', reason: 'injected' });
  t.same(decideNow(back, engine).patch, []);
}

/** Which sources our volumes have. */
function deliveredBy(pod: JsonObject): readonly string[] {
  return members(pod, 'volumes')
    .filter((one) => nameOf(one).startsWith('sysdig-'))
    .flatMap((one) => Object.keys(one).filter((field) => field !== 'name'))
    .sort();
}

/** Changes one of our containers. */
function changing(name: string, change: (container: DraftObject) => void): (pod: JsonObject) => JsonObject {
  return (pod) => {
    const copy = draft(pod);
    const spec = objectAt(copy, 'spec');
    listAt(spec, 'volumes').push({ name: 'mine', configMap: { name: 'mine' } });
    for (const one of draftsOf(spec['initContainers'])) if (nameOf(one) === name) change(one);
    return copy;
  };
}

const [agent, copy, tools] = ['sysdig-workload-agent', 'sysdig-workload-agent-copy', 'sysdig-workload-agent-tools'];

const forged: Readonly<Record<string, (pod: JsonObject) => JsonObject>> = {
  'F1: our agent hollowed, as seen': (pod) => patched(withMounts(pod), onMounts('F1-agent-hollowed.patch.json')),
  'F1: our volume mounted once more, read-write, in our agent': changing(agent, (one) =>
    listAt(one, 'volumeMounts').push({ name: agent, mountPath: '/vol' }),
  ),
  'F1: a volume of theirs at a token’s place': changing(agent, (one) =>
    listAt(one, 'volumeMounts').push({ name: 'mine', readOnly: true, mountPath: '/var/run/secrets/azure/tokens' }),
  ),
  'F1: a token’s mount that can be written to': changing(agent, (one) => {
    for (const mount of draftsOf(one['volumeMounts'])) if (mount['readOnly'] === true) delete mount['readOnly'];
  }),
  'F2: envFrom on our agent, as seen': (pod) => patched(pod, forgery('F2-agent-envfrom.patch.json')),
  'F2: a loader’s variable': changing(agent, (one) => listAt(one, 'env').push({ name: 'LD_PRELOAD', value: '/x.so' })),
  'F2: a proxy’s variable': changing(agent, (one) =>
    listAt(one, 'env').push({ name: 'HTTPS_PROXY', value: 'http://mine' }),
  ),
  'F2: a cloud’s variable without its token': changing(agent, (one) =>
    listAt(one, 'env').push({ name: 'AWS_REGION', value: 'eu-central-1' }),
  ),
  'F2: a variable of ours twice': changing(agent, (one) =>
    listAt(one, 'env').push({ name: 'SYSDIG_COLLECTOR', value: 'mine.example' }),
  ),
  'F2: a variable of ours taken off': changing(agent, (one) => listAt(one, 'env').shift()),
  'F2: next to no memory': changing(agent, (one) => (objectAt(one, 'resources')['limits'] = { memory: '8Mi' })),
  'F2: next to no processor': changing(agent, (one) => (objectAt(objectAt(one, 'resources'), 'limits')['cpu'] = '1m')),
  'F2: a device': changing(agent, (one) => (objectAt(one, 'resources')['claims'] = [{ name: 'gpu' }])),
  'F2: a port': changing(agent, (one) => (one['ports'] = [{ containerPort: 80, hostPort: 80 }])),
  'F2: a copy step that never ends': changing(copy, (one) => (one['restartPolicy'] = 'Always')),
  'F2: rules for its end': changing(copy, (one) => (one['restartPolicyRules'] = [{ action: 'Restart' }])),
  'F2: stdin': changing(agent, (one) => (one['stdin'] = true)),
  'F2: an image that has to be there': changing(agent, (one) => (one['imagePullPolicy'] = 'Never')),
  'F2: another AppArmor profile': changing(
    agent,
    (one) => (objectAt(one, 'securityContext')['appArmorProfile'] = { type: 'Localhost', localhostProfile: 'mine' }),
  ),
  'F2: not all rights dropped': changing(
    agent,
    (one) => (objectAt(objectAt(one, 'securityContext'), 'capabilities')['drop'] = ['KILL']),
  ),
  'F2: a field that nobody knows yet': changing(tools, (one) => (one['fromTheFuture'] = { path: '/' })),
  'F2: another command of the agent’s image': changing(agent, (one) => (one['command'] = ['sleep', '1d'])),
  'F2: another image': changing(copy, (one) => (one['image'] = 'mine/agent')),
  'F2: tools behind the copy': (pod) => {
    const changed = draft(pod);
    const list = listAt(objectAt(changed, 'spec'), 'initContainers');
    list.splice(0, 2, list[1] ?? null, list[0] ?? null);
    return changed;
  },
  'F2: the agent before all': (pod) => {
    const changed = draft(pod);
    const list = listAt(objectAt(changed, 'spec'), 'initContainers');
    list.unshift(...list.splice(2, 1));
    return changed;
  },
  'F5: the kubelet’s own file over the agent’s, as seen': (pod) =>
    patched(pod, forgery('F5-copy-termination-path.patch.json')),
};

/** The fixture’s agent has no mounts of its own, so that it adds the list: ours has a token’s. */
function onMounts(file: string): readonly Operation[] {
  return forgery(file).flatMap((operation) => {
    if (!operation.path.endsWith('/volumeMounts') || operation.op !== 'add' || !Array.isArray(operation.value)) {
      return [operation];
    }
    return operation.value.map((value: JsonValue) => ({ op: 'add' as const, path: `${operation.path}/-`, value }));
  });
}

function withMounts(pod: JsonObject): JsonObject {
  const copy = draft(pod);
  for (const one of draftsOf(objectAt(copy, 'spec')['initContainers'])) listAt(one, 'volumeMounts');
  return copy;
}

for (const [title, forge] of Object.entries(forged)) {
  t.test(title, (t) => {
    for (const [policy, spec] of Object.entries(policies)) {
      void t.test(policy, (t) => {
        judge(t, engineFor(spec), spec, forge);
        t.end();
      });
    }
    t.end();
  });
}

const known = { 'quay.io/sysdig/workload-agent:6.3.0': { entrypoint: ['/agent'], cmd: [] } };
const imageMap = `---\n${JSON.stringify({ apiVersion: 'outrider.dev/v1alpha1', kind: 'ImageMap', images: known })}\n`;

/** A cluster whose nodes mount image volumes, and an agent that is kept. */
function byImageVolume(spec: JsonObject): Engine {
  const profile = { name: 'sysdig', settings: { region: 'us2' } };
  const sessions = { debug: 'Record' };
  return engineOf(imageMap + policyText('default', { profile, sessions, ...spec }), {
    nodes: podNodes(true),
  });
}

/** Changes one of our volumes. */
function changingVolume(name: string, change: (volume: DraftObject) => void): (pod: JsonObject) => JsonObject {
  return (pod) => {
    const copy = draft(pod);
    for (const one of draftsOf(objectAt(copy, 'spec')['volumes'])) if (nameOf(one) === name) change(one);
    return copy;
  };
}

const mounting =
  (volume: string, mountPath: string) =>
  (pod: JsonObject): JsonObject => {
    const copy = draft(pod);
    for (const one of draftsOf(objectAt(copy, 'spec')['containers'])) {
      listAt(one, 'volumeMounts').push({ name: volume, mountPath, readOnly: true });
    }
    return copy;
  };

/** What is forged of a pod that has files by an image volume, besides what is forged of its agent. */
const ofImages: Readonly<Record<string, (pod: JsonObject) => JsonObject>> = {
  'F1: another image with the agent’s files': changingVolume(
    agent,
    (one) => (objectAt(one, 'image')['reference'] = 'mine/agent:1'),
  ),
  'F1: a volume of theirs with the agent’s files': changingVolume(agent, (one) => {
    delete one['image'];
    one['configMap'] = { name: 'mine' };
  }),
  'F1: an image that has to lie on the node': changingVolume(
    agent,
    (one) => (objectAt(one, 'image')['pullPolicy'] = 'Never'),
  ),
  'F2: a field of the volume that nobody knows yet': changingVolume(
    agent,
    (one) => (objectAt(one, 'image')['fromTheFuture'] = '/'),
  ),
};

/** The same of the keeper's tools, which are there under Availability alone. */
const ofTools: Readonly<Record<string, (pod: JsonObject) => JsonObject>> = {
  'F1: another image with the keeper’s tools': changingVolume(
    tools,
    (one) => (objectAt(one, 'image')['reference'] = 'mine/busybox:1'),
  ),
  'F1: a volume of theirs with the keeper’s tools': changingVolume(tools, (one) => {
    delete one['image'];
    one['emptyDir'] = {};
  }),
  'F1: the keeper’s tools from elsewhere': changing(agent, (one) => {
    for (const mount of draftsOf(one['volumeMounts'])) if (mount['name'] === tools) mount['subPath'] = 'mine';
  }),
};

/** There is no step of ours, and the agent is the first of the pod's init containers. */
const ofSteps =
  /copy step|its end|from the future|nobody knows yet|another image$|behind the copy|before all|the kubelet’s/;
const hollowed = 'F1: our agent hollowed, as seen';

for (const [title, forge] of Object.entries({ ...forged, ...ofImages })) {
  if (forge === forged[title] && (ofSteps.test(title) || title === hollowed || title.includes('envFrom'))) continue;
  t.test(`${title}, by image volume`, (t) => {
    for (const [policy, spec] of Object.entries(policies)) {
      void t.test(policy, (t) => {
        judge(t, byImageVolume(spec), spec, forge);
        t.end();
      });
    }
    t.end();
  });
}

for (const [title, forge] of Object.entries(ofTools)) {
  t.test(title, (t) => {
    const spec = { optOut: 'Forbidden' };
    judge(t, byImageVolume(spec), spec, forge);
    t.end();
  });
}

t.test('F1: our volumes in a container of theirs, by image volume', (t) => {
  for (const [policy, spec] of Object.entries(policies)) {
    const engine = byImageVolume(spec);
    const whole = throughTheServer(patched(podOf(), decideNow(podOf(), engine).patch));
    for (const volume of spec['prefer'] === 'Security' ? [agent] : [agent, tools]) {
      t.match(decideNow(mounting(volume, '/mine')(whole), engine, 'validate').decision, { decision: 'deny' }, policy);
    }
  }
  t.end();
});

t.test('F1: our agent hollowed, and F2: envFrom on it, by image volume', (t) => {
  const engine = (spec: JsonObject) => byImageVolume(spec);
  const first = (operations: readonly Operation[]) =>
    operations.map((operation) => ({
      ...operation,
      path: operation.path.replace('initContainers/2', 'initContainers/0'),
    }));
  for (const [policy, spec] of Object.entries(policies)) {
    void t.test(policy, (t) => {
      judge(t, engine(spec), spec, (pod) => patched(withMounts(pod), first(onMounts('F1-agent-hollowed.patch.json'))));
      judge(t, engine(spec), spec, (pod) => patched(pod, first(forgery('F2-agent-envfrom.patch.json'))));
      t.end();
    });
  }
  t.end();
});
