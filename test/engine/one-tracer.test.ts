import t from 'tap';
import type { JsonObject } from '../../src/model/json.js';
import { instrumentTask } from '../../src/engine/instrument-task.js';
import { readManifests } from '../../src/documents/manifest/manifest.js';
import { decideNow, decideWithLookUps, engineFor, engineOf, policyText } from '../support/engine.js';
import { patched } from '../support/json.js';
import { throughTheServer } from '../support/cluster.js';
import { podOf, podWith } from '../support/pods.js';

const settings: Readonly<Record<string, JsonObject>> = {
  sysdig: { name: 'sysdig', settings: { region: 'us2' } },
  datadog: { name: 'datadog' },
  lab: { name: 'lab' },
  shell: { name: 'shell' },
};

const custom = `
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: lab }
spec:
  version: '1'
  image: lab/agent:1
  wrapper: { argv: [/lab/run, --] }
  sidecar: { name: lab-agent, resources: { requests: { cpu: 1m, memory: 1Mi } } }
---
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: shell }
spec:
  version: '1'
  image: shell/agent:1
  wrapper: { argv: [/bin/sh, -c, 'exec trace "$@"', --] }
  sidecar: { name: shell-agent, resources: { requests: { cpu: 1m, memory: 1Mi } } }
`;

const engineWith = (profile: string, spec: JsonObject = {}) =>
  engineOf(`${custom}${policyText('p', { profile: settings[profile] ?? {}, ...spec })}`);

const pods: Readonly<Record<string, JsonObject>> = {
  'one container': podOf(),
  'an init container too': podOf({ initContainers: [{ name: 'i', image: 'i', command: ['/i'] }] }),
};

t.test('W27: a pod that one profile has instrumented is left alone by every other one', (t) => {
  for (const [what, pod] of Object.entries(pods)) {
    for (const before of Object.keys(settings)) {
      const whole = throughTheServer(patched(pod, decideNow(pod, engineWith(before)).patch));
      for (const after of Object.keys(settings)) {
        const engine = engineWith(after, { prefer: 'Security', admitUninstrumented: ['pid1_entrypoint', 'windows'] });
        const { decision, patch } = decideNow(whole, engine);
        const about = `${what}: ${before}, then ${after}`;
        if (before === after) {
          t.not(decision.reason, 'instrumented_otherwise', about);
          continue;
        }
        t.match(decision, { decision: 'skip', reason: 'instrumented_otherwise' }, about);
        t.same(patch, [], about);
        t.notOk(
          decision.steps.some(({ reason }) => reason === 'parts_taken_off'),
          'nothing is said to have been taken off',
        );
        t.match(decideNow(whole, engine, 'validate').decision, { decision: 'deny' }, about);
        for (const [spec, wanted] of [
          [{}, 'skip'],
          [{ onUnresolvedImage: 'Deny' }, 'skip'],
          [{ optOut: 'Forbidden' }, 'deny'],
        ] as const) {
          t.match(decideNow(whole, engineWith(after, spec), 'validate').decision, {
            decision: wanted,
            reason: 'instrumented_otherwise',
          });
        }
      }
    }
  }
  t.end();
});

t.test('W27: a wrapper alone, in any container and in an image, is enough', async (t) => {
  const wrapper = ['/cws-instrumentation-volume/cws-instrumentation', 'trace', '--'];
  const web = { name: 'web', image: 'shop/web:1', command: ['/app'] };
  const wrapped = { name: 'w', image: 'shop/w:1', command: [...wrapper, '/w'] };
  const rows = [
    podOf({ containers: [wrapped] }),
    podOf({ containers: [web, wrapped] }),
    podOf({ containers: [web], initContainers: [wrapped] }),
    podOf({ containers: [web, { name: 'w', image: 'shop/w:1', args: wrapper }] }),
  ];
  for (const pod of rows) t.match(decideNow(pod, engineFor()).decision, { reason: 'instrumented_otherwise' });
  const byImage = podWith({ image: 'shop/w:1' });
  const asked = { 'shop/w:1': { entrypoint: wrapper, cmd: ['/w'] } };
  t.match((await decideWithLookUps(byImage, engineFor({}, { asked }))).decision, { reason: 'instrumented_otherwise' });
});

t.test('W27: a vendor’s own agent is not joined by another one, its own profile’s neither', (t) => {
  const images = [
    'gcr.io/datadoghq/agent:7',
    'public.ecr.aws/datadog/agent:latest',
    'mirror.local:5000/dd/agent@sha256:0',
  ];
  for (const image of images) {
    for (const name of ['datadog-agent', 'datadog-agent-injected']) {
      const pod = podOf({
        containers: [
          { name: 'web', image: 'shop/web:1', command: ['/web'] },
          { name, image, command: ['/bin/entrypoint.sh'] },
        ],
      });
      for (const profile of ['sysdig', 'datadog']) {
        const { decision, patch } = decideNow(pod, engineWith(profile));
        t.match(decision, { decision: 'skip', reason: 'instrumented_otherwise' }, `${profile}: ${name} ${image}`);
        t.same(patch, []);
      }
      t.match(
        decideNow(pod, engineOf(policyText('p', { profile: { name: 'datadog-node' } }))).decision,
        { reason: 'no_container_selected' },
        'a profile that wraps nothing minds none',
      );
    }
  }
  t.end();
});

t.test('W27: what only looks alike a little is a container like any other', (t) => {
  const web = { name: 'web', image: 'shop/web:1', command: ['/web'] };
  const rows: readonly JsonObject[] = [
    { name: 'agent', image: 'shop/agent:1', command: ['/a'] },
    { name: 'datadog-agent', image: 'shop/proxy:1', command: ['/a'] },
    { name: 'datadog', image: 'shop/agent:1', command: ['/a'] },
    { name: 'a', image: 'shop/a:1', command: ['/bin/sh', '-c', 'exec /a'] },
    { name: 'a', image: 'shop/a:1', command: ['/cws-instrumentation-volume/other'] },
  ];
  for (const container of rows) {
    t.match(decideNow(podOf({ containers: [web, container] }), engineWith('sysdig')).decision, { decision: 'inject' });
  }
  t.end();
});

t.test('W27: a task that another profile has instrumented, or that has another’s agent, is left alone', async (t) => {
  const web = { name: 'web', image: 'acme/web:1', entryPoint: ['/web'], memory: 64 };
  const rows: readonly (readonly [profile: string, containers: readonly JsonObject[], other: boolean])[] = [
    ['datadog', [{ ...web, entryPoint: ['/opt/draios/bin/instrument', '/web'] }], true],
    ['datadog', [{ ...web, entryPoint: undefined, command: ['/opt/draios/bin/instrument', '/web'] }], true],
    [
      'datadog',
      [web, { name: 'SysdigInstrumentation', image: 'mirror.local/sysdig/workload-agent:5', memory: 64 }],
      true,
    ],
    ['datadog', [web, { name: 'x', image: 'quay.io/sysdig/workload-agent:5', memory: 64 }], true],
    [
      'sysdig',
      [{ ...web, entryPoint: ['/cws-instrumentation-volume/cws-instrumentation', 'trace', '--', '/web'] }],
      true,
    ],
    ['sysdig', [web, { name: 'datadog-agent', image: 'gcr.io/datadoghq/agent:7', memory: 64 }], true],
    ['datadog', [web, { name: 'datadog-agent', image: 'gcr.io/datadoghq/agent:7', memory: 64 }], false],
    ['sysdig', [web, { name: 'SysdigInstrumentation', image: 'quay.io/sysdig/workload-agent:5', memory: 64 }], false],
  ];
  for (const [profile, containerDefinitions, other] of rows) {
    const text = JSON.stringify({ family: 'shop', containerDefinitions });
    const [template] = readManifests(text, 'task.json').flatMap(({ tasks }) => tasks);
    if (template === undefined) throw new Error('no task is found');
    const engine = engineWith(profile);
    const request = { template, only: [], images: new Map(), trace: false, lookUp: undefined };
    const { decision, patch } = await instrumentTask(request, engine);
    t.equal(decision.reason === 'instrumented_otherwise', other, `${profile}: ${text}: ${decision.detail}`);
    if (other) t.same(patch, []);
  }
});
