import t from 'tap';
import { isObject, listOf, type JsonObject } from '../../src/model/json.js';
import { engineWith, injectText } from '../engine/tasks.js';
import { decideNow, engineFor, engineOf, policyText } from '../support/engine.js';
import { at, patched } from '../support/json.js';
import { podOf, podWith } from '../support/pods.js';

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

t.test('F4: what Datadog’s tracer reads of its environment is set to nothing', (t) => {
  const names = [
    'DD_CWS_INSTRUMENTATION_STATS_DISABLED',
    'DD_CWS_INSTRUMENTATION_PROC_SCAN_DISABLED',
    'DD_CWS_INSTRUMENTATION_PROC_SCAN_RATE',
    'DD_CWS_INSTRUMENTATION_SECCOMP_DISABLED',
    'DD_CONTAINER_ID',
    'TEST_DD_PASSWD_PATH',
    'TEST_DD_GROUP_PATH',
  ];
  const profile = { name: 'datadog' };
  for (const name of names) {
    for (const spec of enforced) {
      t.strictSame(variablesOf(podWith({ command: ['/app'], envFrom }), { ...spec, profile }, name), [
        { name, value: '' },
      ]);
    }
    t.strictSame(variablesOf(podWith({ command: ['/app'], envFrom }), { profile }, name), []);
    const own = podWith({ command: ['/app'], env: [{ name, value: 'true' }] });
    const { decision } = decideNow(own, engineFor({ optOut: 'Forbidden', profile }), 'validate');
    t.match(decision, { decision: 'deny', reason: 'tampered' });
  }
  t.end();
});

t.test('F4: a variable that a part of the profile gives some containers is unset in the others', (t) => {
  const document = {
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationProfile',
    metadata: { name: 'acme' },
    spec: {
      version: '1',
      wrapper: { argv: ['/acme/run', '--'] },
      reservedEnv: [
        { name: 'ACME_MODE', unset: 'off' },
        { name: 'ACME_AT', unset: '' },
      ],
      containers: [{ containers: ['web'], env: [{ name: 'ACME_MODE', value: 'deep' }] }],
    },
  };
  const policy = policyText('p', { profile: { name: 'acme' }, optOut: 'Forbidden', prefer: 'Security' });
  const engine = engineOf(`${JSON.stringify(document)}\n${policy}`);
  const webAnd = (other: JsonObject) =>
    podOf({
      containers: [
        { name: 'web', image: 'shop/web:1', command: ['/app'] },
        { name: 'job', image: 'shop/job:1', command: ['/job'], ...other },
      ],
    });
  const after = patched(webAnd({ envFrom }), decideNow(webAnd({ envFrom }), engine).patch);
  t.same(at(after, 'spec', 'containers', 0, 'env'), [
    { name: 'ACME_AT', value: '' },
    { name: 'ACME_MODE', value: 'deep' },
  ]);
  t.same(at(after, 'spec', 'containers', 1, 'env'), [
    { name: 'ACME_MODE', value: 'off' },
    { name: 'ACME_AT', value: '' },
  ]);
  t.equal(decideNow(after, engine, 'validate').decision.reason, 'injected');
  const withMode = (value: string) => webAnd({ env: [{ name: 'ACME_MODE', value }] });
  t.equal(decideNow(withMode('none'), engine).decision.reason, 'tampered');
  t.equal(decideNow(withMode('deep'), engine).decision.reason, 'injected', 'what another container is given');
  t.end();
});

t.test('F4: a profile of parts alone has nothing for the containers that it does not name', (t) => {
  const document = {
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationProfile',
    metadata: { name: 'acme' },
    spec: {
      version: '1',
      reservedEnv: [{ name: 'ACME_AT', unset: '' }],
      containers: [{ containers: ['agent'], env: [{ name: 'ACME_MODE', value: 'deep' }] }],
    },
  };
  const engine = engineOf(
    `${JSON.stringify(document)}\n${policyText('p', { profile: { name: 'acme' }, prefer: 'Security' })}`,
  );
  t.equal(decideNow(podWith({ command: ['/app'] }), engine).decision.reason, 'no_container_selected');
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
