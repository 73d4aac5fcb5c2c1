import t from 'tap';
import { examineTask, type TaskFacts } from '../../src/doctor/task-definition.js';

const fargate: TaskFacts = {
  format: 'ecs',
  family: 'web',
  launchTypes: ['FARGATE'],
  launchTypeAtDeployment: false,
  operatingSystem: undefined,
  architecture: undefined,
  networkMode: 'awsvpc',
  pidMode: undefined,
  services: [],
  silentContainers: [],
};
const open = { atDeployment: '${X}' };

function look(change: Partial<TaskFacts>, check: string) {
  const found = examineTask({ ...fargate, ...change }).findings.filter((finding) => finding.check === check);
  for (const { result, remedy } of found) if (result !== 'ok') t.type(remedy, 'string');
  return found.map(({ result, detail }) => `${result}: ${detail}`).join('\n');
}

function results(change: Partial<TaskFacts>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    examineTask({ ...fargate, ...change }).findings.map(({ check, result }) => [check, result]),
  );
}

t.test('a task of the vendor’s manual for Fargate', (t) => {
  t.same(results({}), {
    'node agent': 'note',
    architecture: 'ok',
    pidMode: 'note',
    'platform version': 'note',
    SYS_PTRACE: 'ok',
    networkMode: 'ok',
  });
  t.match(look({ pidMode: 'task' }, 'pidMode'), /^ok/);
  t.match(look({ pidMode: 'host' }, 'pidMode'), /^problem: host, which Fargate refuses/);
  t.match(look({ networkMode: 'bridge' }, 'networkMode'), /^problem: bridge, and Fargate takes awsvpc alone/);
  t.match(look({ networkMode: undefined }, 'networkMode'), /^problem: not set/);
  t.end();
});

t.test('launch types', (t) => {
  t.match(look({ launchTypes: ['EC2'] }, 'node agent'), /^ok: an agent on the instances/);
  t.match(look({ launchTypes: ['EC2', 'FARGATE'] }, 'node agent'), /^note: Fargate/, 'the stricter of the two');
  t.match(look({ launchTypes: ['EXTERNAL'] }, 'node agent'), /^ok: EXTERNAL/);
  t.match(look({ launchTypes: ['MANAGED_INSTANCES'] }, 'node agent'), /^note: MANAGED_INSTANCES.*not verified/);
  t.match(look({ launchTypes: [] }, 'node agent'), /^note: the file does not say/);
  t.match(look({ launchTypes: [], launchTypeAtDeployment: true }, 'node agent'), /only known at deployment/);
  const services = [{ name: 'Web', launchType: 'FARGATE', platformVersion: undefined }];
  t.match(look({ launchTypes: [], services }, 'node agent'), /^note: Fargate/, 'the service’s word');
  t.end();
});

t.test('on EC2 a bridge is in the tracer’s way; machines outside of AWS have no awsvpc', (t) => {
  const ec2 = { launchTypes: ['EC2'] };
  t.match(look({ ...ec2, networkMode: undefined }, 'networkMode'), /^problem: bridge, the default/);
  t.match(look({ ...ec2, networkMode: 'none' }, 'networkMode'), /^problem: none/);
  t.match(look({ ...ec2, networkMode: 'host' }, 'networkMode'), /^note: host/);
  t.match(look({ ...ec2, pidMode: 'host' }, 'pidMode'), /^note/);
  const external = { launchTypes: ['EXTERNAL'] };
  t.match(look({ ...external, networkMode: 'awsvpc' }, 'networkMode'), /^problem: awsvpc, which machines/);
  t.match(look({ ...external, networkMode: 'host' }, 'networkMode'), /^note/);
  t.equal(look(ec2, 'platform version'), '', 'no matter there');
  t.end();
});

t.test('the platform version of the services that run the task', (t) => {
  const version = (platformVersion: TaskFacts['services'][number]['platformVersion']) =>
    look({ services: [{ name: 'Web', launchType: undefined, platformVersion }] }, 'platform version');
  t.equal(version('1.4.0'), 'ok: service Web: 1.4.0');
  t.equal(version('LATEST'), 'ok: service Web: LATEST');
  t.equal(version(undefined), 'ok: service Web: LATEST');
  t.match(version('1.3.0'), /^problem: service Web: 1\.3\.0, and pidMode/);
  t.match(version(open), /^note: \$\{X\} is only known at deployment/);
  t.end();
});

t.test('E25: Windows, arm64, and what else', (t) => {
  t.same(results({ operatingSystem: 'WINDOWS_SERVER_2022_CORE' }), { platform: 'problem' });
  t.match(look({ architecture: 'ARM64' }, 'architecture'), /^ok: ARM64/);
  t.match(look({ architecture: 'X86_64' }, 'architecture'), /^ok: X86_64/);
  t.match(look({ architecture: 'RISCV' }, 'architecture'), /^problem/);
  t.end();
});

t.test('what only deployment decides is a note, never a judgement', (t) => {
  const change = { operatingSystem: open, architecture: open, networkMode: open, pidMode: open };
  t.match(results(change), { platform: 'note', architecture: 'note', networkMode: 'note', pidMode: 'note' });
  t.end();
});

t.test('containers whose program stands in the image alone are named', (t) => {
  t.match(look({ silentContainers: ['a', 'c'] }, 'entrypoints'), /^note: a, c:/);
  t.end();
});

t.test('a Dockerrun file has a bridge and no pidMode', (t) => {
  const dockerrun = { format: 'dockerrun', launchTypes: [], networkMode: undefined } as const;
  t.same(results(dockerrun), { 'node agent': 'ok', pidMode: 'note', networkMode: 'problem' });
  t.end();
});
