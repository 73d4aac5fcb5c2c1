import t from 'tap';
import { policySchema, type PolicySpec } from '../../src/model/policy.js';
import { profileSchema, type Profile, type ProfileInput } from '../../src/model/profile.js';
import type { TaskEnv } from '../../src/model/task-recipe.js';
import { checkProfile } from '../../src/profile/check.js';
import { builtInProfiles, findProfile, profileRegistry } from '../../src/profile/registry.js';
import { renderTaskRecipe } from '../../src/profile/render-task.js';

const registry = profileRegistry();
const sysdig = findProfile(registry, 'sysdig');
const datadog = findProfile(registry, 'datadog');
const arn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:agent-AbCdEf:key::';

function policy(profile: Profile, settings: object = {}, spec: object = {}): PolicySpec {
  return policySchema.parse({
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationPolicy',
    metadata: { name: 'test' },
    spec: { ...spec, profile: { name: profile.metadata.name, settings } },
  }).spec;
}

function own(task: ProfileInput['spec']['task'], rest: object = {}): Profile {
  return profileSchema.parse({
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationProfile',
    metadata: { name: 'acme' },
    spec: { version: '1', image: 'acme/agent:1', wrapper: { argv: ['/tools/wrap'] }, ...rest, task },
  });
}

function values(env: readonly TaskEnv[] | undefined): object {
  return Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
}

t.test('sysdig: collector by region, priority, and the key by its source', (t) => {
  const availability = renderTaskRecipe(sysdig, policy(sysdig, { region: 'us2' }));
  t.same(values(availability?.agent.env), {
    SYSDIG_COLLECTOR: 'ingest-us2.app.sysdig.com',
    SYSDIG_COLLECTOR_PORT: '6443',
    SYSDIG_PRIORITY: 'availability',
    SYSDIG_SIDECAR: 'auto',
  });
  t.same(availability?.agent.secrets, [{ name: 'SYSDIG_ACCESS_KEY', valueFrom: undefined }]);
  t.equal(availability?.agent.essential, false);
  t.equal(availability?.agent.log, undefined);
  t.equal(availability?.volume, undefined, 'the tools come by volumesFrom');

  const settings = {
    region: 'eu1',
    accessKeySecretArn: arn,
    containerName: 'guard',
    taskLogGroup: '/x',
    taskLogRegion: 'eu-west-1',
  };
  const security = renderTaskRecipe(sysdig, policy(sysdig, settings, { prefer: 'Security' }));
  t.same(security?.agent.secrets, [{ name: 'SYSDIG_ACCESS_KEY', valueFrom: arn }]);
  t.equal(security?.agent.essential, true);
  t.equal(security?.agent.name, 'guard');
  t.same(security?.agent.log, {
    driver: 'awslogs',
    options: { 'awslogs-group': '/x', 'awslogs-region': 'eu-west-1', 'awslogs-stream-prefix': 'sysdig' },
  });
  t.end();
});

t.test('datadog: the tracer in a volume of its own, and what a container waits for', (t) => {
  const recipe = renderTaskRecipe(datadog, policy(datadog, { agentCondition: 'START', tracerVersion: '7.80.0' }));
  t.equal(recipe?.volume?.init.image, 'public.ecr.aws/datadog/cws-instrumentation:7.80.0');
  t.same(recipe?.dependsOn, [
    { part: 'agent', condition: 'START' },
    { part: 'init', condition: 'SUCCESS' },
  ]);
  t.ok(recipe?.wrapper.includes('--async'), 'under Availability the workload does not wait for the agent');
  const security = renderTaskRecipe(datadog, policy(datadog, {}, { prefer: 'Security' }));
  t.notOk(security?.wrapper.includes('--async'));
  const mirrored = renderTaskRecipe(datadog, policy(datadog, {}, { agent: { image: 'mirror/agent:7' } }));
  t.equal(mirrored?.agent.image, 'mirror/agent:7');
  t.end();
});

t.test('settings that only tasks use are checked when a task is rendered', (t) => {
  const render = (settings: object) => () => renderTaskRecipe(sysdig, policy(sysdig, { region: 'us2', ...settings }));
  t.throws(render({ taskLogGroup: '/x' }), { code: 'settings_invalid', message: /taskLogRegion/ });
  t.throws(render({ accessKeySecretArn: 'abcdef-a-key' }), { code: 'settings_invalid' }, 'a key is no ARN');
  for (const good of [
    '/sysdig/key',
    '${Key}',
    'arn:aws:ssm:us-east-1:1:parameter/x',
    'arn:${AWS::Partition}:ssm:${AWS::Region}:1:parameter/x',
  ]) {
    t.doesNotThrow(render({ accessKeySecretArn: good }), good);
  }
  t.throws(render({ containerName: 'no blanks' }), { code: 'settings_invalid' });
  t.end();
});

t.test('a profile without a recipe for tasks has none', (t) => {
  t.equal(renderTaskRecipe(own(undefined), policy(own(undefined))), undefined);
  t.end();
});

t.test('the built-in profiles’ task sections have nothing wrong with them', (t) => {
  for (const profile of builtInProfiles()) t.same(checkProfile(profile), [], profile.metadata.name);
  t.end();
});

t.test('what is wrong with a task section is said with its field', (t) => {
  const good = { toolsPath: '/tools', agent: { name: 'agent' } };
  t.same(checkProfile(own(good)), []);
  const cases: readonly (readonly [string, Profile])[] = [
    ['spec.task.toolsPath', own(good, { wrapper: undefined })],
    ['spec.task.toolsPath', own({ agent: { name: 'agent' } })],
    ['spec.task.toolsPath', own({ ...good, toolsPath: '/other' })],
    ['spec.task.capabilities[0]', own({ ...good, capabilities: ['CAP_SYS_PTRACE'] })],
    ['spec.task.agent.name', own({ ...good, agent: { name: '${settings.none}' } })],
    ['spec.task.agent.image', own(good, { image: undefined })],
    ['spec.task.agent.env[0]', own({ ...good, agent: { name: 'a', env: [{ name: 'X' }] } })],
    [
      'spec.task.agent.env[0].secretFrom',
      own({ ...good, agent: { name: 'a', env: [{ name: 'X', secretFrom: 'none' }] } }),
    ],
    ['spec.task.agent.env[0].value', own({ ...good, agent: { name: 'a', env: [{ name: 'API_KEY', value: 'x' }] } })],
    ['spec.task.env[0].when.setting', own({ ...good, env: [{ name: 'X', value: 'x', when: { setting: 'none' } }] })],
    [
      'spec.task.env[0].containersSetting',
      own({ ...good, env: [{ name: 'X', value: 'x', containersSetting: 'none' }] }),
    ],
    [
      'spec.task.agent.env[0].containersSetting',
      own(
        { ...good, agent: { name: 'a', env: [{ name: 'X', value: 'x', containersSetting: 's' }] } },
        { settings: { s: { description: 'names' } } },
      ),
    ],
    [
      'spec.task.agent.log.options.group',
      own({ ...good, agent: { name: 'a', log: { driver: 'awslogs', options: { group: '${nonsense}' } } } }),
    ],
    ['spec.task.dependsOn[0].part', own({ ...good, dependsOn: [{ part: 'init', condition: 'SUCCESS' }] })],
  ];
  for (const [field, profile] of cases) {
    t.same(
      checkProfile(profile).map((problem) => problem.field),
      [field],
    );
  }
  t.end();
});
