import fc from 'fast-check';
import t from 'tap';
import type { JsonObject } from '../../src/model/json.js';
import { decideNow, engineFor } from '../support/engine.js';
import { podOf } from '../support/pods.js';
import { policyOf } from './make.js';

const istio = {
  image: 'docker.io/istio/proxyv2:*',
  args: ['proxy', 'sidecar', '--domain', '$(POD_NAMESPACE).svc.cluster.local'],
};
const web = { name: 'web', image: 'shop/web:1', command: ['/app'] };
const proxy = { name: 'p', image: 'docker.io/istio/proxyv2:1.30', args: istio.args };

const strictSpecs: readonly JsonObject[] = [
  { prefer: 'Security' },
  { optOut: 'Forbidden' },
  { prefer: 'Security', optOut: 'Forbidden' },
];

/** Whether the second container is left alone by the policy's exclusions. */
function excludes(spec: JsonObject, exclude: JsonObject[string], container: JsonObject, images = {}): boolean {
  const pod = podOf({ containers: [web, { name: 'other', image: 'x', ...container }] });
  const { plan, decision } = decideNow(pod, engineFor({ ...spec, containers: { exclude } }, { known: images }));
  const wrapped = plan?.workload.some(({ container: { name } }) => name !== 'web') ?? false;
  const leftOut = decision.steps.some(({ subject, result }) => subject !== 'web' && result === 'stop');
  return !wrapped && !leftOut;
}

t.test(
  'F8: what is not said defaults to nothing excluded and init containers covered, where the author is not trusted',
  (t) => {
    const names = ['istio-proxy', 'linkerd-proxy', 'vault-agent', 'istio-init', 'linkerd-init', 'vault-agent-init'];
    t.match(policyOf('p').spec.containers, { include: ['*'], exclude: names, cover: ['Main'] });
    for (const spec of strictSpecs) {
      t.strictSame(policyOf('p', spec).spec.containers, { include: ['*'], exclude: [], cover: ['Main', 'Init'] });
      const said = { exclude: ['istio-proxy'], cover: ['Main'] };
      t.match(policyOf('p', { ...spec, containers: said }).spec.containers, said, 'what is said holds');
      t.match(policyOf('p', { ...spec, containers: { cover: ['Main'] } }).spec.containers, {
        exclude: [],
        cover: ['Main'],
      });
    }
    t.end();
  },
);

t.test('F8: a main container named like a proxy, and a native sidecar behind one, are traced by default', (t) => {
  const native = { name: 'app', image: 'shop/app:1', command: ['/app'], restartPolicy: 'Always' };
  const pod = podOf({
    initContainers: [native],
    containers: [{ name: 'istio-proxy', image: 'shop/web:1', command: ['/pause'] }],
  });
  for (const spec of strictSpecs) {
    const { plan, decision } = decideNow(pod, engineFor(spec));
    t.match(decision, { decision: 'inject' });
    t.strictSame(plan?.workload.map(({ container }) => container.name).sort(), ['app', 'istio-proxy']);
  }
  t.match(decideNow(pod, engineFor()).decision, { reason: 'no_container_selected' });
  t.end();
});

const plain = { image: 'mesh/proxy:2' };
const pattern = ['image:mesh/*'];
const known = { 'mesh/proxy:2': { entrypoint: ['/proxy'], cmd: [] } };

/** Containers of the excluded image that are more than that image's own program. */
const bent: Readonly<Record<string, JsonObject>> = {
  'a command': { command: ['/evil'] },
  args: { args: ['-c', 'evil'] },
  'a mount over a program': { volumeMounts: [{ name: 'v', mountPath: '/usr/bin' }] },
  'a mount over one file': { volumeMounts: [{ name: 'v', mountPath: '/proxy', subPath: 'evil' }] },
  'a mount in an odd form': { volumeMounts: [{ name: 'v', mountPath: '/tmp/../proxy' }] },
  'a mount over the loader’s configuration': { volumeMounts: [{ name: 'v', mountPath: '/etc/ld.so.preload' }] },
  'a mount over /etc': { volumeMounts: [{ name: 'v', mountPath: '/etc' }] },
  'a mount over the root': { volumeMounts: [{ name: 'v', mountPath: '/' }] },
  'a device': { volumeDevices: [{ name: 'v', devicePath: '/proxy' }] },
  'a termination message': { terminationMessagePath: '/proxy' },
  LD_PRELOAD: { env: [{ name: 'LD_PRELOAD', value: '/tmp/x.so' }] },
  LD_AUDIT: { env: [{ name: 'LD_AUDIT', value: '/tmp/x.so' }] },
  'LD_LIBRARY_PATH out of a field': {
    env: [{ name: 'LD_LIBRARY_PATH', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
  },
  PATH: { env: [{ name: 'PATH', value: '/tmp' }] },
  NODE_OPTIONS: { env: [{ name: 'NODE_OPTIONS', value: '--require /tmp/x.js' }] },
  envFrom: { envFrom: [{ configMapRef: { name: 'c' } }] },
  workingDir: { workingDir: '/tmp' },
};

/** What a mesh or a platform adds to it. */
const company: readonly JsonObject[] = [
  {},
  { command: [], args: [] },
  { env: [{ name: 'POD_NAME', value: 'web' }] },
  { volumeMounts: [{ name: 't', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }] },
  {
    volumeMounts: [
      { name: 't', mountPath: '/etc/istio/proxy' },
      { name: 'v', mountPath: '/vault/secrets' },
    ],
  },
  { terminationMessagePath: '/dev/termination-log', resources: {} },
];

t.test(
  'F8: an exclusion by image holds for that image’s own program, and for nothing that an author makes of it',
  (t) => {
    for (const [what, fields] of Object.entries(bent)) {
      const container = { ...plain, ...fields };
      for (const spec of strictSpecs) t.notOk(excludes(spec, pattern, container, known), what);
      t.ok(excludes({}, pattern, container, known), `${what}, where the author is trusted`);
    }
    for (const fields of company) {
      for (const spec of strictSpecs)
        t.ok(excludes(spec, pattern, { ...plain, ...fields }, known), JSON.stringify(fields));
    }
    t.end();
  },
);

t.test('F8: an exclusion with its words holds for these words, one for one', (t) => {
  const other = fc.oneof(
    fc.array(fc.constantFrom(...istio.args, '-c', '/evil'), { maxLength: 5 }),
    fc.constant([...istio.args, 'x']),
    fc.constant(istio.args.slice(1)),
  );
  const same = (args: readonly string[]) => JSON.stringify(args) === JSON.stringify(istio.args);
  fc.assert(
    fc.property(
      fc.constantFrom({}, ...strictSpecs),
      other,
      (spec, args) =>
        excludes(spec, [istio], { ...proxy, args }, { [proxy.image]: { entrypoint: ['/p'], cmd: [] } }) === same(args),
    ),
  );
  for (const spec of [{}, ...strictSpecs]) {
    t.ok(excludes(spec, [istio], proxy));
    t.ok(excludes(spec, ['image:other/*', istio], proxy), 'behind one that does not match');
    t.ok(excludes(spec, ['image:docker.io/istio/*', istio], proxy), 'behind one that does not hold');
    t.notOk(excludes(spec, [istio], { ...proxy, command: ['/bin/sh'] }), 'with a command beside');
    t.notOk(excludes(spec, [istio], { ...proxy, image: 'docker.io/evil/proxyv2:1' }), 'with another image');
  }
  for (const [what, fields] of Object.entries(bent)) {
    t.notOk(excludes({ prefer: 'Security' }, [istio], { ...proxy, ...fields }), what);
  }
  t.end();
});

t.test('F8: nothing may be mounted over a program that the policy’s own words name', (t) => {
  const words = { image: 'vault:*', command: ['/home/vault/run'], args: ['/vault/config'] };
  const container = { image: 'vault:1', command: words.command, args: words.args };
  const mounting = (mountPath: string) => ({ ...container, volumeMounts: [{ name: 'v', mountPath }] });
  const spec = { prefer: 'Security' };
  t.ok(excludes(spec, [words], container));
  t.ok(excludes(spec, [words], mounting('/vault/secrets')));
  t.notOk(excludes(spec, [words], mounting('/home/vault')));
  t.notOk(excludes(spec, [words], mounting('/home/vault/run')));
  t.notOk(excludes(spec, [words], mounting('/vault')));
  t.end();
});

t.test('F8: that an exclusion does not hold is said', (t) => {
  const pod = podOf({ containers: [web, { name: 'p', ...plain, command: ['/evil'] }] });
  const { decision } = decideNow(pod, engineFor({ prefer: 'Security', containers: { exclude: pattern } }));
  t.match(
    decision.steps.filter(({ reason }) => reason === 'exclusion_void'),
    [{ subject: 'p', result: 'note', detail: 'container p: excluded by its image, but it has a command of its own' }],
  );
  t.end();
});
