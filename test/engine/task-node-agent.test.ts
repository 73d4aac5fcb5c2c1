import { readFileSync } from 'node:fs';
import t from 'tap';
import { isObject, listOf, objectOf, stringOf, type JsonObject, type JsonValue } from '../../src/model/json.js';
import { profileSchema, type ProfileInput } from '../../src/model/profile.js';
import { checkProfile } from '../../src/profile/check.js';
import { datadogNode } from '../../src/profile/datadog-node.js';
import { renderNodeAgent } from '../../src/profile/node-agent/render.js';
import { engineWith, injectText } from './tasks.js';

const manual = objectIn(
  readFileSync(new URL('../../../test/fixtures/datadog-node/manual/Dockerrun.aws.json', import.meta.url), 'utf8'),
);
const arn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:datadog-AbCdEf';
const settings = { accessKeySecretArn: arn };
const web = { name: 'web', image: 'acme/web:1', essential: true, memory: 128 };
const application = { AWSEBDockerrunVersion: 2, containerDefinitions: [web] };
const onEc2 = { family: 'shop', requiresCompatibilities: ['EC2'], containerDefinitions: [web] };

function objectIn(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  return isObject(value) ? value : {};
}

function objectsOf(list: JsonValue | undefined): readonly JsonObject[] {
  return listOf(list).filter(isObject);
}

function by(list: JsonValue | undefined, key: string, value: string): JsonObject | undefined {
  return objectsOf(list).find((each) => each[key] === value);
}

/** A field of each member that is text. */
function textsOf(list: JsonValue | undefined, key: string): readonly string[] {
  return objectsOf(list).flatMap((each) => stringOf(each[key]) ?? []);
}

function without(object: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

async function inject(document: JsonObject, given: Readonly<Record<string, string>> = settings, spec: object = {}) {
  const { text, outcomes } = await injectText(JSON.stringify(document), engineWith('datadog-node', given, spec));
  const [outcome] = outcomes;
  if (outcome === undefined) throw new Error('no task is found');
  const { decision } = outcome;
  const remarks = decision.steps.flatMap(({ result, reason }) => (result === 'note' && reason ? [reason] : []));
  return { result: objectIn(text), decision, remarks, text };
}

function agentIn(task: JsonObject, name = 'datadog-agent'): JsonObject {
  const found = by(task['containerDefinitions'], 'name', name);
  if (found === undefined) throw new Error(`there is no container ${name}`);
  return found;
}

t.test('the manual’s Agent is added to a given application, apart from the corrections', async (t) => {
  const [theirs = {}] = objectsOf(manual['containerDefinitions']);
  const { result, decision, remarks } = await inject(application, { tags: 'a b' });
  t.match(decision, { decision: 'inject', reason: 'injected', detail: 'datadog-agent' });
  const ours = agentIn(result);
  t.same(listOf(result['containerDefinitions'])[0], web, 'the application is as it was');

  await t.test('as in the manual', (t) => {
    for (const field of ['memory', 'dockerSecurityOptions', 'linuxParameters'])
      t.same(ours[field], theirs[field], field);
    for (const name of textsOf(theirs['environment'], 'name')) t.ok(by(ours['environment'], 'name', name), name);
    for (const name of textsOf(manual['volumes'], 'name')) {
      if (name === 'cgroup') continue;
      t.same(by(result['volumes'], 'name', name), by(manual['volumes'], 'name', name), name);
    }
    for (const name of textsOf(theirs['mountPoints'], 'sourceVolume')) {
      const [wanted, found] = [theirs, ours].map(({ mountPoints }) =>
        stringOf(by(mountPoints, 'sourceVolume', name)?.['containerPath'])?.replace(/\/$/, ''),
      );
      t.equal(found, wanted, name);
    }
    t.end();
  });
  t.equal(theirs['name'], undefined);
  t.equal(ours['name'], 'datadog-agent', 'correction: the container has a name');
  t.same(by(manual['volumes'], 'name', 'cgroup')?.['host'], { sourcePath: '/cgroup/' });
  t.same(by(result['volumes'], 'name', 'cgroup')?.['host'], { sourcePath: '/sys/fs/cgroup/' }, 'correction: cgroups');
  t.equal(theirs['essential'], undefined);
  t.equal(ours['essential'], false, 'correction: the application outlives the Agent');
  t.same(
    objectsOf(ours['mountPoints']).flatMap(({ sourceVolume, readOnly }) => (readOnly === true ? [] : [sourceVolume])),
    ['debug'],
    'correction: nothing of the machine can be written that needs not be',
  );
  t.same(by(result['volumes'], 'name', 'root')?.['host'], { sourcePath: '/' }, 'correction: the machine’s root');
  t.equal(by(ours['environment'], 'name', 'HOST_ROOT')?.['value'], '/host/root', 'and where it is');
  t.equal(by(ours['environment'], 'name', 'DD_API_KEY')?.['value'], '<YOUR_DD_API_KEY>', 'no key in plain text');
  t.same(remarks, ['dockerrun_without_secrets'], 'which is said');
  t.equal(ours['secrets'], undefined, 'a Dockerrun has no secrets, whatever the setting says');
});

t.test('render and inject do not differ', async (t) => {
  const profile = profileSchema.parse(datadogNode);
  const rendered = (target: 'beanstalk' | 'ecs-ec2'): JsonObject => {
    const [file] = renderNodeAgent(profile, target, settings).files;
    return file !== undefined && 'document' in file ? file.document : {};
  };
  for (const [document, target] of [
    [application, 'beanstalk'],
    [onEc2, 'ecs-ec2'],
  ] as const) {
    const { result } = await inject(document);
    const wanted = rendered(target);
    t.same(result['volumes'], wanted['volumes'], `${target}: volumes`);
    // What uninject needs is no part of it; alone in its task, the Agent is essential.
    const left = ['dockerLabels', 'essential'];
    t.same(without(agentIn(result), ...left), without(agentIn(wanted), ...left), `${target}: container`);
  }
});

t.test('ECS on EC2: the key by reference alone', async (t) => {
  const { result, remarks } = await inject(onEc2);
  const agent = agentIn(result);
  t.same(agent['secrets'], [{ name: 'DD_API_KEY', valueFrom: arn }]);
  t.equal(by(agent['environment'], 'name', 'DD_API_KEY'), undefined);
  t.equal(result['pidMode'], undefined, 'the application’s containers do not get the host’s processes');
  t.equal(agent['dockerSecurityOptions'], undefined, 'nothing that keeps the task from being placed');
  t.same(remarks, []);
  t.same((await inject(onEc2, {})).remarks, ['access_key_not_given']);
  t.match((await inject(onEc2, {}, { prefer: 'Security' })).decision, { reason: 'credentials_missing' });
  t.equal(agentIn((await inject(onEc2, settings, { prefer: 'Security' })).result)['essential'], true);
  const whole = await inject({ ...onEc2, memory: '1024' });
  t.equal(agentIn(whole.result)['memory'], undefined, 'the task has memory for all');
  const bare = await inject(onEc2, settings, { capability: 'Never' });
  t.equal(agentIn(bare.result)['linuxParameters'], undefined);
});

t.test('an Agent that is there is known by its name or its repository', async (t) => {
  for (const [name, image, isAgent] of [
    ['dd', 'gcr.io/datadoghq/agent:7', true],
    ['dd', 'datadog/agent', true],
    ['datadog-agent', 'registry.example.com/mirror/agent:7', true],
    ['datadog-agent', 'acme/other:1', false],
    ['dd', 'acme/agent:1', false],
  ] as const) {
    const { result } = await inject({ ...onEc2, containerDefinitions: [web, { name, image }] });
    t.equal(listOf(result['containerDefinitions']).length, isAgent ? 2 : 3, `${name} ${image}`);
    const agent = agentIn(result, isAgent ? name : name === 'dd' ? 'datadog-agent' : 'datadog-agent-2');
    t.equal(listOf(agent['mountPoints']).length, 8);
    t.equal(listOf(objectOf(objectOf(agent['linuxParameters'])?.['capabilities'])?.['add']).length, 8);
  }
});

t.test('what an Agent that is there has stays', async (t) => {
  const withAgent = (fields: JsonObject, volumes: JsonValue = []): JsonObject => ({
    ...onEc2,
    volumes,
    containerDefinitions: [{ name: 'datadog-agent', image: 'datadog/agent:7', ...fields }],
  });
  const host = [{ name: 'h', host: { sourcePath: '/' } }];
  const wide = await inject(
    withAgent({ mountPoints: [{ sourceVolume: 'h', containerPath: '/host', readOnly: true }] }, host),
  );
  const paths = objectsOf(agentIn(wide.result)['mountPoints']).map(({ containerPath }) => containerPath);
  t.notOk(paths.includes('/host/proc/'), 'a wider mount shows it');
  t.equal(wide.decision.reason, 'mount_path_taken', 'the root cannot be seen inside a read-only mount');

  const privileged = await inject(withAgent({ privileged: true }));
  t.equal(agentIn(privileged.result)['linuxParameters'], undefined);

  const off = withAgent({ environment: [{ name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: 'false' }] });
  t.ok((await inject(off)).remarks.includes('env_kept'));
  t.equal((await inject(off, settings, { optOut: 'Forbidden' })).decision.reason, 'tampered');

  const plain = await inject(withAgent({ environment: [{ name: 'DD_API_KEY', value: 'k' }] }));
  t.ok(plain.remarks.includes('access_key_in_plain_text'));

  const apparmor = {
    AWSEBDockerrunVersion: 2,
    containerDefinitions: [{ name: 'a', image: 'datadog/agent:7', dockerSecurityOptions: ['apparmor:mine'] }],
  };
  const kept = await inject(apparmor);
  t.same(agentIn(kept.result, 'a')['dockerSecurityOptions'], ['apparmor:mine']);
  t.equal(by(agentIn(kept.result, 'a')['environment'], 'name', 'DD_API_KEY'), undefined, 'no placeholder comes back');
  t.same(kept.remarks, []);
});

t.test('what only deployment knows, and hosts that are none', async (t) => {
  const properties = (agent: JsonObject, task: JsonObject = {}): JsonObject => ({
    Resources: {
      T: {
        Type: 'AWS::ECS::TaskDefinition',
        Properties: { ...task, ContainerDefinitions: [{ Name: 'a', Image: 'datadog/agent:7', ...agent }] },
      },
    },
  });
  const ref = { Ref: 'X' };
  for (const document of [
    properties({ Environment: ref }),
    properties({ MountPoints: ref }),
    properties({ MountPoints: [{ ContainerPath: ref, SourceVolume: 'x' }] }),
    properties({ LinuxParameters: { Capabilities: { Add: ref } } }),
    properties({}, { Volumes: ref }),
    properties({}, { RequiresCompatibilities: ref }),
  ]) {
    const { decision, text } = await inject(document);
    t.equal(decision.reason, 'intrinsic_unresolved', text);
    t.equal(text, JSON.stringify(document));
  }
  const fargate = { ...onEc2, requiresCompatibilities: ['FARGATE'] };
  t.equal((await inject(fargate)).decision.reason, 'no_host');
  const windows = { ...onEc2, runtimePlatform: { operatingSystemFamily: 'WINDOWS_SERVER_2022_CORE' } };
  t.equal((await inject(windows)).decision.reason, 'windows');
  const onHost = { ...onEc2, pidMode: 'host', networkMode: 'host' };
  t.equal((await inject(onHost)).decision.reason, 'injected', 'an agent on the host is that by nature');
});

t.test('a profile of the agent alone has nothing for other containers', (t) => {
  const problems = (task: object): readonly string[] => {
    const { spec, ...rest } = datadogNode;
    const input: ProfileInput = { ...rest, spec: { ...spec, task: { agent: { name: 'a' }, ...task } } };
    return checkProfile(profileSchema.parse(input)).map(({ field }) => field ?? '');
  };
  const mount = { volume: 'v', path: '/a', mountPath: '/a' };
  t.same(problems({}), []);
  t.same(problems({ toolsPath: '/t', capabilities: ['SYS_PTRACE'], env: [{ name: 'A', value: 'b' }] }), [
    'spec.task.toolsPath',
    'spec.task.capabilities',
    'spec.task.env',
  ]);
  t.same(problems({ agent: { name: 'a', hostMounts: [mount, mount] } }), ['spec.task.agent.hostMounts[1].volume']);
  t.same(problems({ agent: { name: 'a', memoryLimitSetting: 'none' } }), ['spec.task.agent.memoryLimitSetting']);
  t.same(problems({ agent: { name: 'a', env: [{ name: 'A', value: 'b', dockerrunPlaceholder: 'c' }] } }), [
    'spec.task.agent.env[0].dockerrunPlaceholder',
  ]);
  t.end();
});
