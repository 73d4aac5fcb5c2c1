import t from 'tap';
import { isHealthy } from '../../src/doctor/finding.js';
import { examineHost, type HostFacts } from '../../src/doctor/host.js';

const ubuntu: HostFacts = {
  platform: 'linux',
  architecture: 'x64',
  kernelRelease: '6.8.0-85-generic',
  osRelease: 'ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04.3 LTS"\n',
  ptraceScope: '1\n',
  selfStatus: 'Name:\tnode\nSeccomp:\t0\nSeccomp_filters:\t0\n',
  cgroup2: true,
};

t.test('a machine of today has everything', (t) => {
  const findings = examineHost(ubuntu);
  t.same([...new Set(findings.map(({ result }) => result))], ['ok']);
  t.match(findings[0]?.detail, /Ubuntu 24\.04\.3 LTS: the eBPF agent can run, and is the better choice/);
  t.end();
});

const cases: readonly {
  readonly title: string;
  readonly facts: Partial<HostFacts>;
  readonly check: string;
  readonly result: 'ok' | 'note' | 'problem';
  readonly says: RegExp;
}[] = [
  { title: 'another system', facts: { platform: 'darwin' }, check: 'platform', result: 'problem', says: /darwin/ },
  {
    title: 'an old kernel',
    facts: { kernelRelease: '4.4.0-210-generic' },
    check: 'node agent',
    result: 'note',
    says: /older than 4\.14/,
  },
  {
    title: 'a kernel older than 4.8',
    facts: { kernelRelease: '4.4.0-210-generic' },
    check: 'seccomp',
    result: 'note',
    says: /without SYS_PTRACE/,
  },
  {
    title: 'an unlisted distribution',
    facts: { osRelease: 'ID=nixos' },
    check: 'node agent',
    result: 'note',
    says: /not on the vendor’s list/,
  },
  {
    title: 'no os-release',
    facts: { osRelease: undefined },
    check: 'node agent',
    result: 'note',
    says: /the distribution is not on/,
  },
  { title: 'Yama 0', facts: { ptraceScope: '0' }, check: 'ptrace scope', result: 'ok', says: /may trace/ },
  {
    title: 'Yama 2',
    facts: { ptraceScope: '2\n' },
    check: 'ptrace scope',
    result: 'problem',
    says: /effective SYS_PTRACE/,
  },
  {
    title: 'Yama 3',
    facts: { ptraceScope: '3\n' },
    check: 'ptrace scope',
    result: 'problem',
    says: /nobody may trace/,
  },
  {
    title: 'no Yama',
    facts: { ptraceScope: undefined },
    check: 'ptrace scope',
    result: 'ok',
    says: /does not have it/,
  },
  {
    title: 'in a container',
    facts: { selfStatus: 'Seccomp:\t2\n' },
    check: 'seccomp',
    result: 'note',
    says: /as in a container/,
  },
  { title: 'no status', facts: { selfStatus: undefined }, check: 'seccomp', result: 'note', says: /could not be read/ },
  {
    title: 'a rare architecture',
    facts: { architecture: 's390x' },
    check: 'architecture',
    result: 'problem',
    says: /s390x/,
  },
  { title: 'cgroups of before', facts: { cgroup2: false }, check: 'cgroups', result: 'ok', says: /version 1/ },
];

for (const { title, facts, check, result, says } of cases) {
  t.test(`${title}: ${result}`, (t) => {
    const findings = examineHost({ ...ubuntu, ...facts });
    const finding = findings.find((each) => each.check === check);
    t.equal(finding?.result, result);
    t.match(finding?.detail, says);
    t.equal(isHealthy(findings), result !== 'problem');
    if (result !== 'ok') t.type(finding?.remedy, 'string');
    t.end();
  });
}
