import t from 'tap';
import { apiTokenPath } from '../../../src/model/api-token.js';
import { listOf, objectOf, type JsonObject, type JsonValue } from '../../../src/model/json.js';
import { throughTheServer } from '../../support/cluster.js';
import { decideNow, engineFor } from '../../support/engine.js';
import { containerOf, draft, draftsOf, members, objectAt, patched, type DraftObject } from '../../support/json.js';
import { podOf, podWith } from '../../support/pods.js';

const empty = 'outrider-no-api-token';
const emptyVolume = { name: empty, downwardAPI: { defaultMode: 420 } };
const closed = { name: empty, mountPath: apiTokenPath, readOnly: true };
const datadog = { profile: { name: 'datadog' } };
const sysdigs = ['sysdig-workload-agent-tools', 'sysdig-workload-agent-copy', 'sysdig-workload-agent'];

function injected(pod: JsonObject, spec: JsonObject = {}): JsonObject {
  return patched(pod, decideNow(pod, engineFor(spec)).patch);
}

function atToken(pod: JsonObject, name: string): readonly JsonValue[] {
  return listOf(containerOf(pod, name)['volumeMounts']).filter(
    (mount) => objectOf(mount)?.['mountPath'] === apiTokenPath,
  );
}

function volumesOf(pod: JsonObject, name: string): readonly JsonObject[] {
  return members(pod, 'volumes').filter((volume) => volume['name'] === name);
}

/** The pod with the token's volume and the workload's mount of it, as the plug-in leaves it. */
function withToken(change: (volume: DraftObject) => void = () => undefined): JsonObject {
  const pod = draft(throughTheServer(podOf()));
  for (const volume of draftsOf(objectAt(pod, 'spec')['volumes'])) change(volume);
  return pod;
}

t.test('F23: each container of ours mounts an empty volume where a token would be, and the workload none', (t) => {
  for (const delivery of ['Copy', 'ImageVolume']) {
    const pod = injected(podOf(), { delivery });
    const ours = delivery === 'Copy' ? sysdigs : sysdigs.slice(2);
    for (const name of ours) t.same(atToken(pod, name), [closed], `${delivery}: ${name}`);
    t.same(volumesOf(pod, empty), [emptyVolume]);
    t.same(atToken(pod, 'web'), []);
    const again = throughTheServer(pod);
    for (const name of ours) t.same(atToken(again, name), [closed], 'the plug-in adds none');
    const engine = engineFor({ delivery, prefer: 'Security' });
    t.match(decideNow(throughTheServer(injected(podOf(), { delivery, prefer: 'Security' })), engine, 'validate'), {
      decision: { decision: 'inject', reason: 'injected' },
    });
  }
  t.end();
});

t.test('F23: a profile without containers of its own brings no volume for it', (t) => {
  const pod = podWith({ name: 'agent', image: 'gcr.io/datadoghq/agent:7', command: ['/agent'] });
  t.same(volumesOf(injected(pod, { profile: { name: 'datadog-node' } }), empty), []);
  t.end();
});

t.test('F23: the empty volume under another name, where an author has a volume of its own', (t) => {
  const pod = podWith({ command: ['/app'] }, { volumes: [{ name: empty, configMap: { name: 'mine' } }] });
  const spec = { prefer: 'Security', optOut: 'Forbidden' };
  const after = injected(pod, spec);
  for (const name of sysdigs) t.same(atToken(after, name), [{ ...closed, name: `${empty}-2` }], name);
  t.same(volumesOf(after, `${empty}-2`), [{ ...emptyVolume, name: `${empty}-2` }]);
  const again = throughTheServer(after);
  t.same(decideNow(again, engineFor(spec)).patch, []);
  t.match(decideNow(again, engineFor(spec), 'validate').decision, { decision: 'inject', reason: 'injected' });
  t.end();
});

t.test('F23: nobody may fill it, mount another there, or take it off', (t) => {
  const forges: Readonly<Record<string, (spec: DraftObject) => void>> = {
    'the volume is filled': (spec) => {
      for (const volume of draftsOf(spec['volumes'])) {
        if (volume['name'] !== empty) continue;
        volume['downwardAPI'] = { items: [{ path: 'token', fieldRef: { fieldPath: 'metadata.name' } }] };
      }
    },
    'the volume is another': (spec) => {
      spec['volumes'] = [
        ...draftsOf(spec['volumes']).filter(({ name }) => name !== empty),
        { name: empty, configMap: { name: 'mine' } },
      ];
    },
    'a mount of the real token': (spec) => {
      for (const mount of mountsOf(spec)) if (mount['name'] === empty) mount['name'] = 'kube-api-access-x7x2x';
    },
    'a mount of the author’s': (spec) => {
      spec['volumes'] = [...draftsOf(spec['volumes']), { name: 'mine', secret: { secretName: 'mine' } }];
      for (const mount of mountsOf(spec)) if (mount['name'] === empty) mount['name'] = 'mine';
    },
    'no mount': (spec) => {
      for (const container of draftsOf(spec['initContainers'])) {
        container['volumeMounts'] = draftsOf(container['volumeMounts']).filter(({ name }) => name !== empty);
      }
    },
    'a mount that can be written': (spec) => {
      for (const mount of mountsOf(spec)) if (mount['name'] === empty) mount['readOnly'] = false;
    },
  };
  for (const [what, forge] of Object.entries(forges)) {
    for (const optOut of ['Allowed', 'Forbidden'] as const) {
      const spec = { prefer: 'Security', optOut };
      const forged = draft(throughTheServer(injected(podOf(), spec)));
      forge(objectAt(forged, 'spec'));
      const reason = optOut === 'Forbidden' ? 'tampered' : 'parts_differ';
      t.match(decideNow(forged, engineFor(spec), 'validate').decision, { decision: 'deny', reason }, what);
      if (optOut === 'Allowed') continue;
      const back = injected(forged, spec);
      t.match(decideNow(back, engineFor(spec), 'validate').decision, { reason: 'injected' }, `${what}: put back`);
      const { volumes } = objectAt(draft(back), 'spec');
      for (const name of sysdigs) {
        const [mount] = atToken(back, name);
        const of = draftsOf(volumes).find((volume) => volume['name'] === objectOf(mount)?.['name']);
        t.same(of?.['downwardAPI'], { defaultMode: 420 }, `${what}: ${name} has the empty one`);
      }
    }
  }
  t.end();
});

function mountsOf(spec: DraftObject): DraftObject[] {
  return draftsOf(spec['initContainers']).flatMap((container) => draftsOf(container['volumeMounts']));
}

t.test('F23: an agent that asks the API server gets the plug-in’s own mount, its steps the empty one', (t) => {
  const token = { name: 'kube-api-access-x7x2x', mountPath: apiTokenPath, readOnly: true };
  for (const delivery of ['Copy', 'ImageVolume']) {
    const spec = { ...datadog, delivery, prefer: 'Security', optOut: 'Forbidden' };
    const after = injected(withToken(), spec);
    t.same(atToken(after, 'datadog-agent'), [token], delivery);
    t.equal(volumesOf(after, empty).length, delivery === 'Copy' ? 1 : 0);
    const again = throughTheServer(after);
    t.same(decideNow(again, engineFor(spec)).patch, []);
    t.match(decideNow(again, engineFor(spec), 'validate').decision, { reason: 'injected' });
    if (delivery === 'Copy') t.same(atToken(after, 'cws-instrumentation-init'), [closed]);
  }
  t.end();
});

t.test('F23: without a volume of the token nothing is mounted, and both doors agree when it comes later', (t) => {
  const spec = { ...datadog, prefer: 'Security', optOut: 'Forbidden' };
  const after = injected(podOf(), spec);
  t.same(atToken(after, 'datadog-agent'), [], 'as in a manifest');
  t.match(decideNow(after, engineFor(spec), 'validate').decision, { reason: 'injected' });
  const again = throughTheServer(after);
  t.equal(atToken(again, 'datadog-agent').length, 1, 'the plug-in adds it');
  t.same(decideNow(again, engineFor(spec)).patch, []);
  t.match(decideNow(again, engineFor(spec), 'validate').decision, { reason: 'injected' });
  const late = draft(after);
  const volumes = draftsOf(objectAt(draft(again), 'spec')['volumes']);
  objectAt(late, 'spec')['volumes'] = volumes;
  t.match(decideNow(late, engineFor(spec), 'validate').decision, { reason: 'injected' }, 'a volume alone is no lack');
  t.end();
});

t.test('F23: a pod that wants no token has none mounted', (t) => {
  const pod = withToken();
  const spec = { ...objectOf(pod['spec']), automountServiceAccountToken: false };
  t.same(atToken(injected({ ...pod, spec }, datadog), 'datadog-agent'), []);
  t.end();
});

t.test('F23: a volume of the token’s name that is none closes the place', (t) => {
  const forgeries: Readonly<Record<string, (volume: DraftObject) => void>> = {
    'a ConfigMap': (volume) => {
      delete volume['projected'];
      volume['configMap'] = { name: 'mine' };
    },
    'a Secret': (volume) => {
      delete volume['projected'];
      volume['secret'] = { secretName: 'mine' };
    },
    'another authority': (volume) => {
      const [token, , namespace] = draftsOf(objectAt(volume, 'projected')['sources']);
      const authority = { configMap: { name: 'mine', items: [{ key: 'ca.crt', path: 'ca.crt' }] } };
      objectAt(volume, 'projected')['sources'] = [token ?? {}, authority, namespace ?? {}];
    },
    'one source more': (volume) => {
      const sources = draftsOf(objectAt(volume, 'projected')['sources']);
      objectAt(volume, 'projected')['sources'] = [...sources, { secret: { name: 'mine' } }];
    },
  };
  const spec = { ...datadog, prefer: 'Security' };
  for (const [what, forge] of Object.entries(forgeries)) {
    const after = injected(withToken(forge), spec);
    t.same(atToken(after, 'datadog-agent'), [closed], what);
    t.match(decideNow(throughTheServer(after), engineFor(spec), 'validate').decision, { reason: 'injected' }, what);
  }
  const first = draft(withToken());
  const { volumes } = objectAt(first, 'spec');
  objectAt(first, 'spec')['volumes'] = [
    { name: 'kube-api-access-', configMap: { name: 'mine' } },
    ...draftsOf(volumes),
  ];
  t.same(atToken(injected(first, spec), 'datadog-agent'), [closed], 'the plug-in takes the first one');
  t.end();
});
