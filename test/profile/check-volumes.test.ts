import t from 'tap';
import { profileSchema, type ProfileInput } from '../../src/model/profile.js';
import { checkVolumes, pathProblem } from '../../src/profile/check-volumes.js';
import { checkProfile } from '../../src/profile/check.js';

function own(spec: Partial<ProfileInput['spec']>) {
  return profileSchema.parse({
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationProfile',
    metadata: { name: 'acme' },
    spec: { version: '1', image: 'acme/agent:1', ...spec },
  });
}

function problemsOf(spec: Partial<ProfileInput['spec']>): readonly string[] {
  const found: string[] = [];
  checkVolumes(own(spec).spec, (field, problem) => {
    if (problem !== undefined) found.push(`${field} ${problem}`);
  });
  return found;
}

t.test('a path is written as the runtime cleans it', (t) => {
  for (const path of ['/', '/acme', '/acme/bin', '/...', '/a.b/.c']) t.equal(pathProblem(path), undefined, path);
  const unclean = {
    '/acme/': '/acme',
    '//acme': '/acme',
    '/acme//bin': '/acme/bin',
    '/./acme': '/acme',
    '/acme/.': '/acme',
    '/x/../acme': '/acme',
    '/..': '/',
  };
  for (const [path, clean] of Object.entries(unclean)) {
    t.match(pathProblem(path), new RegExp(`; write the path as ${clean}$`), path);
  }
  t.end();
});

t.test('each path of a profile’s volumes is looked at', (t) => {
  const copy = { name: 'acme-copy', from: '/opt/acme/' };
  t.strictSame(problemsOf({ volume: { name: 'acme', mountPath: '/acme//x', copy } }), [
    'spec.volume.mountPath is "/acme//x"; write the path as /acme/x',
    'spec.volume.copy.from is "/opt/acme/"; write the path as /opt/acme',
  ]);
  const hostVolumes = [{ name: 'proc', path: '/proc/.' }];
  const containers = [{ containers: ['*'], mounts: [{ volume: 'proc', mountPath: '/host/../proc' }] }];
  t.strictSame(problemsOf({ hostVolumes, containers }), [
    'spec.hostVolumes[0].path is "/proc/."; write the path as /proc',
    'spec.containers[0].mounts[0].mountPath is "/host/../proc"; write the path as /proc',
  ]);
  t.end();
});

t.test('a minimum is of a resource that containers have', (t) => {
  const sidecar = { name: 'agent', resources: { requests: { cpu: '100m', memory: '64Mi' } } };
  const problems = (minimumLimits: Record<string, string>) =>
    checkProfile(own({ sidecar: { ...sidecar, minimumLimits } })).map(({ message }) => message);
  t.strictSame(problems({ cpu: '50m', memory: '32Mi' }), []);
  t.match(problems({ cpus: '50m' }), [/spec\.sidecar\.minimumLimits\.cpus is no resource .* did you mean cpu\?/]);
  t.end();
});

t.test('F23: the agent’s files are not where a pod’s token is', (t) => {
  const problems = (mountPath: string): readonly string[] =>
    problemsOf({ volume: { name: 'acme', mountPath, copy: { name: 'acme-copy', from: '/acme' } } });
  const path = '/var/run/secrets/kubernetes.io/serviceaccount';
  for (const taken of [path, `${path}/acme`]) {
    t.same(problems(taken), [`spec.volume.mountPath is "${taken}", where a pod’s token is; give a folder of its own`]);
  }
  for (const free of ['/var/run/secrets/acme', `${path}s`]) t.same(problems(free), []);
  t.end();
});
