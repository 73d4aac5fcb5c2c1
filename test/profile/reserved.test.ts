import t from 'tap';
import { isObject, listOf, type JsonObject } from '../../src/model/json.js';
import { engineWith, injectText } from '../engine/tasks.js';
import { decideNow, engineFor } from '../support/engine.js';
import { at, patched } from '../support/json.js';
import { podWith } from '../support/pods.js';

const wrapper = '__INSTRUMENTATION_WRAPPER';
const enforced = [{ prefer: 'Security' }, { optOut: 'Forbidden' }] as const;
const envFrom = [{ configMapRef: { name: 'mine' } }];

/** The variables of a name that the container has once it is instrumented. */
function variablesOf(pod: JsonObject, spec: JsonObject, name = wrapper): readonly JsonObject[] {
  const after = patched(pod, decideNow(pod, engineFor(spec)).patch);
  const env = listOf(at(after, 'spec', 'containers', 0, 'env'));
  return env.filter(isObject).filter((variable) => variable['name'] === name);
}

t.test('F4: a reserved variable is set to what means none, so that envFrom and an image’s own lose', (t) => {
  for (const spec of enforced) {
    const pod = podWith({ command: ['/app'], envFrom });
    t.strictSame(variablesOf(pod, spec), [{ name: wrapper, value: '' }]);
    const { patch } = decideNow(pod, engineFor(spec));
    const done = patched(pod, patch);
    t.equal(decideNow(done, engineFor(spec), 'validate').decision.decision, 'inject');
    t.same(decideNow(done, engineFor(spec)).patch, [], 'a second call changes nothing');
  }
  t.strictSame(variablesOf(podWith({ command: ['/app'], envFrom }), {}), [], 'not where nobody insists');
  const settings = { region: 'us2', instrumentationWrapper: '/opt/draios/bin/pdig' };
  const given = { prefer: 'Security', profile: { name: 'sysdig', settings } };
  t.strictSame(
    variablesOf(podWith({ command: ['/app'] }), given),
    [{ name: wrapper, value: settings.instrumentationWrapper }],
    'nor where the recipe gives it',
  );
  t.strictSame(variablesOf(podWith({ command: ['/app'] }), given, 'SYSDIG_COLLECTOR'), [], 'nor without such a value');
  t.end();
});

t.test('F4, E32: a container that sets it itself is tampered with as before; the same value is no difference', (t) => {
  const own = (value: string) => podWith({ command: ['/app'], env: [{ name: wrapper, value }] });
  const forbidden = engineFor({ optOut: 'Forbidden' });
  t.match(decideNow(own('/mine'), forbidden, 'validate').decision, { decision: 'deny', reason: 'tampered' });
  t.equal(decideNow(own(''), forbidden).decision.decision, 'inject');
  t.end();
});

t.test('F4: in a task it is set as well', async (t) => {
  const text = JSON.stringify({
    family: 'shop',
    containerDefinitions: [{ name: 'web', image: 'shop/web:1', entryPoint: ['/app'] }],
  });
  for (const spec of [...enforced, {}]) {
    const settings = { region: 'us2', accessKeySecretArn: 'arn:aws:secretsmanager:eu-west-1:1:secret:k' };
    const { outcomes } = await injectText(text, engineWith('sysdig', settings, spec));
    const env = outcomes[0]?.plan?.workload[0]?.env.filter(({ name }) => name === wrapper);
    t.strictSame(env, 'prefer' in spec || 'optOut' in spec ? [{ name: wrapper, value: '', fargateOnly: false }] : []);
  }
});
