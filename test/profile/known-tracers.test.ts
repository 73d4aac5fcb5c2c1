import t from 'tap';
import { profileSchema } from '../../src/model/profile.js';
import { knownTracers } from '../../src/profile/known-tracers.js';
import { builtInProfiles } from '../../src/profile/registry.js';

const profileOf = (name: string, spec: object) =>
  profileSchema.parse({
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationProfile',
    metadata: { name },
    spec: { version: '1', ...spec },
  });

t.test('W27: the built-in profiles that trace are known, with the defaults of their settings', (t) => {
  const { wrappers, agents, parts } = knownTracers(builtInProfiles());
  t.strictSame([...wrappers.keys()], ['/opt/draios/bin/instrument', '/cws-instrumentation-volume/cws-instrumentation']);
  t.strictSame([...agents.keys()], ['quay.io/sysdig/workload-agent', 'public.ecr.aws/datadog/agent']);
  t.match(parts.get('cws-instrumentation'), [{ profile: 'datadog', name: 'cws-instrumentation-init' }]);
  t.end();
});

t.test('W27: what a setting without a default decides is known by nothing, but for a tag', (t) => {
  const settings = { where: { description: 'd' }, tag: { description: 'd' } };
  const wrapper = { argv: ['/x/run'] };
  const agentsOf = (image: string) => [...knownTracers([profileOf('x', { settings, image, wrapper })]).agents.keys()];
  t.strictSame(agentsOf('a/b:${settings.tag}'), ['a/b']);
  t.strictSame(agentsOf('a/b@sha256:${settings.tag}'), ['a/b']);
  t.strictSame(agentsOf('h:5000/b'), ['h:5000/b']);
  t.strictSame(agentsOf('${settings.where}/b:1'), []);
  t.strictSame(
    [...knownTracers([profileOf('x', { settings, image: 'a/b:1' })]).agents.keys()],
    [],
    'it traces nothing',
  );
  t.end();
});

t.test('W27: a wrapper that any program could be started with is known by more words', (t) => {
  const settings = { mode: { description: 'd' } };
  const argv = ['/bin/sh', '-c', 'trace', { value: '--x', when: { setting: 'mode' } }, '--'];
  const { wrappers } = knownTracers([
    profileOf('x', { settings, wrapper: { argv } }),
    profileOf('y', { wrapper: { argv: ['/bin/sh', '-c', 'trace'] } }),
  ]);
  t.match(wrappers.get('/bin/sh'), [{ words: ['-c', 'trace'], profiles: new Set(['x', 'y']) }]);
  t.end();
});
