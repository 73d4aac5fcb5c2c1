import t from 'tap';
import { closedMount } from '../../../src/inject/pod/api-token.js';
import type { JsonObject } from '../../../src/model/json.js';
import { throughTheServer } from '../../support/cluster.js';
import { decideNow, engineFor, engineOf, policyText } from '../../support/engine.js';
import { at, draft, draftsOf, members, objectAt, patched } from '../../support/json.js';
import { podOf, podWith } from '../../support/pods.js';

const security = engineFor({ prefer: 'Security', optOut: 'Forbidden' });
const names = ['sysdig-workload-agent', 'sysdig-workload-agent-bin'];
const [files = '', programs = ''] = names;

function injected(pod: JsonObject, engine = security): JsonObject {
  return patched(pod, decideNow(pod, engine).patch);
}

t.test(
  'F3: the wrapper’s folder is mounted at exactly its own path, last, from a volume of which it is the root',
  (t) => {
    const after = injected(podWith({ command: ['/app'], volumeMounts: [{ name: 'data', mountPath: '/opt' }] }));
    t.same(at(after, 'spec', 'containers', 0, 'volumeMounts'), [
      { name: 'data', mountPath: '/opt' },
      { name: files, mountPath: '/opt/draios', readOnly: true },
      { name: programs, mountPath: '/opt/draios/bin', readOnly: true },
    ]);
    t.same(
      members(after, 'volumes').filter(({ name }) => typeof name === 'string' && names.includes(name)),
      names.map((name) => ({ name, emptyDir: { sizeLimit: '1Gi' } })),
    );
    t.same(at(after, 'spec', 'initContainers', 0, 'volumeMounts'), [
      { name: files, mountPath: '/outrider' },
      closedMount,
    ]);
    t.same(at(after, 'spec', 'initContainers', 1, 'volumeMounts'), [
      { name: files, mountPath: '/outrider' },
      { name: programs, mountPath: '/outrider/bin' },
      closedMount,
    ]);
    t.end();
  },
);

t.test('F3: a wrapper in the root needs no second volume; an image volume is mounted twice', (t) => {
  const datadog = injected(
    podWith({ command: ['/app'] }),
    engineFor({ profile: { name: 'datadog' }, prefer: 'Security' }),
  );
  t.same(at(datadog, 'spec', 'containers', 0, 'volumeMounts'), [
    { name: 'cws-instrumentation-volume', mountPath: '/cws-instrumentation-volume', readOnly: true },
  ]);
  t.same(at(datadog, 'spec', 'initContainers', 0, 'volumeMounts'), [
    { name: 'cws-instrumentation-volume', mountPath: '/cws-instrumentation-volume' },
    closedMount,
  ]);
  const image = injected(podWith({ command: ['/app'] }), engineFor({ delivery: 'ImageVolume' }));
  t.same(at(image, 'spec', 'containers', 0, 'volumeMounts'), [
    { name: files, mountPath: '/opt/draios', subPath: 'opt/draios', readOnly: true },
    { name: files, mountPath: '/opt/draios/bin', subPath: 'opt/draios/bin', readOnly: true },
  ]);
  t.end();
});

const lab = `
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: lab }
spec:
  version: '1'
  image: lab/agent:1
  wrapper: { argv: [/lab/opt/bin/run, --] }
  volume:
    name: lab
    mountPath: /lab
    programFolders: [libexec]
    copy: { name: lab-copy, command: [/setup] }
    imageVolume: {}
${policyText('p', { profile: { name: 'lab' }, prefer: 'Security' })}`;

t.test('F3: a vendor’s own command sees what the workload will, and each named folder has a volume', (t) => {
  const after = injected(podWith({ command: ['/app'] }), engineOf(lab));
  t.same(at(after, 'spec', 'containers', 0, 'volumeMounts'), [
    { name: 'lab', mountPath: '/lab', readOnly: true },
    { name: 'lab-bin', mountPath: '/lab/opt/bin', readOnly: true },
    { name: 'lab-bin2', mountPath: '/lab/libexec', readOnly: true },
  ]);
  t.same(
    members(after, 'initContainers').map(({ name }) => name),
    ['lab-copy-tools', 'lab-copy'],
    'a folder deeper down needs one above it that is not root’s',
  );
  t.same(at(after, 'spec', 'initContainers', 1, 'volumeMounts'), [
    { name: 'lab', mountPath: '/outrider' },
    { name: 'lab-bin', mountPath: '/outrider/opt/bin' },
    { name: 'lab-bin2', mountPath: '/outrider/libexec' },
    { name: 'lab', mountPath: '/lab' },
    { name: 'lab-bin', mountPath: '/lab/opt/bin' },
    { name: 'lab-bin2', mountPath: '/lab/libexec' },
    closedMount,
  ]);
  t.same(decideNow(throughTheServer(after), engineOf(lab)).patch, []);
  const image = engineOf(lab.replace('"profile"', '"delivery":"ImageVolume","profile"'));
  t.same(at(injected(podWith({ command: ['/app'] }), image), 'spec', 'containers', 0, 'volumeMounts', 1), {
    name: 'lab',
    mountPath: '/lab/opt/bin',
    subPath: 'opt/bin',
    readOnly: true,
  });
  t.end();
});

t.test('F3: a pod without the second volume, or with another in its place, is not whole', (t) => {
  const whole = throughTheServer(injected(podWith({ command: ['/app'] })));
  t.equal(decideNow(whole, security, 'validate').decision.decision, 'inject');
  const changes: Readonly<Record<string, (spec: ReturnType<typeof objectAt>) => void>> = {
    'no mount of it': (spec) => {
      for (const container of draftsOf(spec['containers'])) {
        container['volumeMounts'] = draftsOf(container['volumeMounts']).filter(({ name }) => name !== programs);
      }
    },
    'a volume of the author’s there': (spec) => {
      spec['volumes'] = [...draftsOf(spec['volumes']), { name: 'mine', configMap: { name: 'mine' } }];
      for (const container of draftsOf(spec['containers'])) {
        for (const mount of draftsOf(container['volumeMounts'])) if (mount['name'] === programs) mount['name'] = 'mine';
      }
    },
    'another source': (spec) => {
      for (const volume of draftsOf(spec['volumes'])) {
        if (volume['name'] !== programs) continue;
        delete volume['emptyDir'];
        volume['configMap'] = { name: 'mine' };
      }
    },
    'mounted to write': (spec) => {
      for (const container of draftsOf(spec['containers'])) {
        for (const mount of draftsOf(container['volumeMounts']))
          if (mount['name'] === programs) delete mount['readOnly'];
      }
    },
    'mounted in an init container of the author’s': (spec) => {
      spec['initContainers'] = [
        ...draftsOf(spec['initContainers']),
        { name: 'mine', image: 'mine', command: ['/m'], volumeMounts: [{ name: programs, mountPath: '/mine' }] },
      ];
    },
  };
  for (const [what, change] of Object.entries(changes)) {
    const copy = draft(whole);
    change(objectAt(copy, 'spec'));
    t.equal(decideNow(copy, security, 'validate').decision.decision, 'deny', what);
  }
  t.end();
});

t.test('volumes of the user’s own of our names: ours get others', (t) => {
  const pod = podWith(
    { command: ['/app'], volumeMounts: [{ name: programs, mountPath: '/cache' }] },
    { volumes: [{ name: programs, emptyDir: {} }] },
  );
  const after = injected(pod);
  t.same(at(after, 'spec', 'containers', 0, 'volumeMounts', 2), {
    name: `${programs}-2`,
    mountPath: '/opt/draios/bin',
    readOnly: true,
  });
  t.same(at(after, 'spec', 'initContainers', 1, 'volumeMounts', 1), {
    name: `${programs}-2`,
    mountPath: '/outrider/bin',
  });
  t.same(decideNow(throughTheServer(after), security).patch, []);
  t.equal(decideNow(throughTheServer(after), security, 'validate').decision.decision, 'inject');
  t.end();
});

t.test('F5: what else appears at a path is in the way like a mount', (t) => {
  const taken: readonly (readonly [JsonObject, string])[] = [
    [
      { terminationMessagePath: '/opt/draios/bin/instrument' },
      'its terminationMessagePath is /opt/draios/bin/instrument',
    ],
    [{ terminationMessagePath: '/opt//draios/./log' }, 'its terminationMessagePath is /opt//draios/./log'],
    [
      { volumeDevices: [{ name: 'disk', devicePath: '/opt/draios/bin/instrument' }] },
      'its own device disk is at /opt/draios/bin/instrument',
    ],
  ];
  for (const [field, detail] of taken) {
    const pod = podWith({ command: ['/app'], ...field });
    t.match(decideNow(pod, security).decision, { reason: 'mount_path_taken', detail: `web: ${detail}` });
    const after = draft(injected(podWith({ command: ['/app'] })));
    for (const container of draftsOf(objectAt(after, 'spec')['containers'])) Object.assign(container, field);
    t.equal(decideNow(after, security, 'validate').decision.decision, 'deny', detail);
  }
  for (const field of [
    { terminationMessagePath: '/dev/termination-log' },
    { terminationMessagePath: '/opt/draios-log' },
    { volumeDevices: [{ name: 'disk', devicePath: '/dev/xvda' }] },
  ]) {
    t.equal(decideNow(podWith({ command: ['/app'], ...field }), security).decision.reason, 'injected');
  }
  t.end();
});

t.test('F5: what appears in a process’s folder of /proc is in the way: its root leads to the wrapper', (t) => {
  const volumes = [{ name: 'mine', configMap: { name: 'mine' } }];
  const at = (mountPath: string): JsonObject => ({ volumeMounts: [{ name: 'mine', mountPath }] });
  const taken: readonly (readonly [JsonObject, string])[] = [
    [at('/proc/self/root/opt/draios/bin'), 'its own volume mine is mounted at /proc/self/root/opt/draios/bin'],
    [at('/srv/..//proc/1/root/opt/draios'), 'its own volume mine is mounted at /proc/1/root/opt/draios'],
    [at('/proc/thread-self/cwd/bin'), 'its own volume mine is mounted at /proc/thread-self/cwd/bin'],
    [{ terminationMessagePath: '/proc/self/root/x' }, 'its terminationMessagePath is /proc/self/root/x'],
    [
      { volumeDevices: [{ name: 'mine', devicePath: '/proc/self/root/x' }] },
      'its own device mine is at /proc/self/root/x',
    ],
  ];
  for (const engine of [security, engineFor()]) {
    for (const [field, detail] of taken) {
      const pod = podWith({ command: ['/app'], ...field }, { volumes });
      t.match(decideNow(pod, engine).decision, { reason: 'mount_path_taken', detail: `web: ${detail}` });
      const after = draft(injected(podWith({ command: ['/app'] }, { volumes }), engine));
      for (const container of draftsOf(objectAt(after, 'spec')['containers'])) {
        const mounts = [...draftsOf(container['volumeMounts']), ...draftsOf(draft(field)['volumeMounts'])];
        Object.assign(container, draft(field), { volumeMounts: mounts });
      }
      t.match(decideNow(after, engine, 'validate').decision, {
        decision: engine === security ? 'deny' : 'skip',
        reason: 'mount_path_taken',
      });
    }
    for (const field of [at('/proc/cpuinfo'), at('/srv/proc/self/root')]) {
      t.equal(decideNow(podWith({ command: ['/app'], ...field }, { volumes }), engine).decision.reason, 'injected');
    }
  }
  t.end();
});

t.test('F3: a VOLUME of the image below the agent’s files is a reason under every policy', (t) => {
  const decide = (spec: JsonObject, ...volumes: readonly string[]) => {
    const known = { 'shop/web:1': { entrypoint: ['/app'], cmd: [], volumes } };
    return decideNow(podWith({ image: 'shop/web:1' }), engineFor(spec, { known })).decision;
  };
  for (const spec of [{}, { prefer: 'Security' }, { optOut: 'Forbidden' }, { onUnresolvedImage: 'Deny' }]) {
    for (const volume of [
      '/opt/draios/lib',
      'opt/draios/bin/instrument',
      '/opt//draios/./x/',
      '/proc/self/root/opt/draios/bin',
    ]) {
      t.match(
        decide(spec, '/data', volume),
        { decision: 'skip', reason: 'image_declares_volume', detail: `web: shop/web:1 declares VOLUME ${volume}` },
        volume,
      );
    }
    const harmless = ['/data', '/opt', '/', '/opt/draios', '/opt/draios/', '/opt/draios/bin', '/opt/draios-data'];
    t.equal(decide(spec, ...harmless).reason, 'injected', 'none that ours lie over');
  }
  const known = { 'shop/web:1': { entrypoint: ['/app'], cmd: [], volumes: ['/opt/draios/x'] } };
  const beside = podOf({
    containers: [
      { name: 'app', image: 'shop/app:1', command: ['/app'] },
      { name: 'web', image: 'shop/web:1' },
    ],
  });
  const { decision, plan } = decideNow(beside, engineFor({}, { known }));
  t.match(
    decision,
    { decision: 'partial', reason: 'image_declares_volume' },
    'Availability: it runs, and is not stuck',
  );
  t.strictSame(
    plan?.workload.map(({ container }) => container.name),
    ['app'],
  );
  const given = podWith({ image: 'shop/web:1', command: ['/app'] });
  t.equal(decideNow(given, engineFor({}, { known })).decision.reason, 'injected', 'nobody asks for it alone');
  t.end();
});
