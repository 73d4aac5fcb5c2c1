import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { taskFacts } from '../../../src/cli/doctor/tasks.js';
import { examineTask } from '../../../src/doctor/task-definition.js';

const golden = new URL('../../../../test/golden-tasks/', import.meta.url);

function read(folder: string) {
  const name = readdirSync(new URL(`${folder}/`, golden)).find((each) => each.startsWith('input.')) ?? '?';
  return taskFacts(readFileSync(new URL(`${folder}/${name}`, golden), 'utf8'), name);
}

/** Checks that are not `ok`, a task a row. */
function troubles(folder: string): readonly string[] {
  return read(folder).map((facts) => {
    const { family, launchTypes, findings } = examineTask(facts);
    const found = findings.filter(({ result }) => result !== 'ok').map(({ check, result }) => `${check} ${result}`);
    return `${family} [${launchTypes.join()}] ${found.join(', ')}`;
  });
}

const fargate = 'node agent note, pidMode note, platform version note';
const rows: Readonly<Record<string, readonly RegExp[]>> = {
  'seed-original': [new RegExp(`\\[FARGATE\\] ${fargate}`)],
  'seed-final': [/\[FARGATE\] node agent note, platform version note/],
  described: [new RegExp(`^shop \\[FARGATE\\] ${fargate}$`)],
  'ecs-yaml': [/\[FARGATE\]/],
  arm64: [/\[FARGATE\]/],
  'ec2-awsvpc': [/\[EC2\] pidMode note/],
  'ec2-bridge': [/\[EC2\] pidMode note, networkMode problem/],
  'ec2-host-network': [/\[EC2\] pidMode note, networkMode note/],
  'ec2-host-pid': [/\[EC2\] pidMode note/],
  windows: [/platform problem$/],
  'cfn-yaml': [new RegExp(`^Web \\[FARGATE\\] ${fargate}, entrypoints note$`)],
  'cfn-json-several': [/^A \[FARGATE\]/, /^B \[FARGATE\]/, /^C \[FARGATE\]/],
  'cfn-opaque-fields': [/^A \[\] node agent note, pidMode note, entrypoints note$/],
  'cfn-opaque-list': [/entrypoints note$/],
  dockerrun: [/^Dockerrun \[\] pidMode note, networkMode problem/],
};
for (const [folder, expected] of Object.entries(rows)) {
  t.test(`as inject reads them: ${folder}`, (t) => {
    const found = troubles(folder);
    t.equal(found.length, expected.length);
    for (const [index, pattern] of expected.entries()) t.match(found[index], pattern);
    t.end();
  });
}

t.test('containers without a program, and those of which only deployment knows', (t) => {
  t.same(read('cfn-yaml')[0]?.silentContainers, ['worker', 'chosen', 'ContainerDefinitions/3']);
  t.match(read('arm64')[0], { architecture: 'ARM64', operatingSystem: 'LINUX' });
  t.end();
});

t.test('a template’s services, and values that only deployment knows', (t) => {
  const service = (TaskDefinition: string, rest = '') =>
    `{Type: AWS::ECS::Service, Properties: {TaskDefinition: ${TaskDefinition}${rest}}}`;
  const template = `
Resources:
  Web:
    Type: AWS::ECS::TaskDefinition
    Properties:
      RequiresCompatibilities: [!Ref Launch]
      NetworkMode: !Ref Mode
      PidMode: !If [Prod, task, host]
      RuntimePlatform: {CpuArchitecture: !Sub "\${Arch}"}
      ContainerDefinitions: [{Name: web, Image: web, EntryPoint: [/web]}]
  Bare:
    Type: AWS::ECS::TaskDefinition
    Properties: {RuntimePlatform: !If [Prod, {}, {}], ContainerDefinitions: !Ref List}
  One: ${service('!Ref Web', ', LaunchType: FARGATE, PlatformVersion: 1.3.0')}
  Two: ${service('!Ref Web', ', PlatformVersion: !Ref Version')}
  Other: ${service('!Ref Elsewhere')}
  Bucket: {Type: AWS::S3::Bucket}
`;
  const [web, bare] = taskFacts(template, 'template.yaml');
  t.match(web, {
    launchTypes: [],
    launchTypeAtDeployment: true,
    networkMode: { atDeployment: '${Mode}' },
    pidMode: { atDeployment: 'pidMode' },
    architecture: { atDeployment: '${Arch}' },
    silentContainers: [],
  });
  t.same(web?.services, [
    { name: 'One', launchType: 'FARGATE', platformVersion: '1.3.0' },
    { name: 'Two', launchType: undefined, platformVersion: { atDeployment: '${Version}' } },
  ]);
  t.match(bare, { operatingSystem: { atDeployment: 'runtimePlatform' }, silentContainers: ['all containers'] });
  t.end();
});

t.test('what is no task, or a broken one', (t) => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['no-task', 'document_invalid', /there is no task in it/],
    ['wrong-shape', 'document_invalid', /is not/],
    ['broken-json', 'manifest_invalid', /input\.json:\d+:\d+/],
    ['dockerrun-v1', 'manifest_invalid', /only version 2/],
    ['dockerrun-v3', 'manifest_invalid', /only version 2/],
    ['dockerrun-text-2', 'manifest_invalid', /without quotes/],
  ];
  for (const [folder, code, message] of cases) t.throws(() => read(folder), { code, message }, folder);
  t.end();
});
