import t from 'tap';
import { planHostMounts, type HostMount, type HostMounts } from '../../src/inject/host-mounts.js';
import type { JsonObject } from '../../src/model/json.js';
import type { ContainerView } from '../../src/inject/pod/view.js';

function container(volumeMounts: readonly JsonObject[]): ContainerView {
  const value = { name: 'system-probe', volumeMounts };
  return { name: 'system-probe', image: '', list: 'containers', index: 0, native: false, command: [], args: [], value };
}

const volumes = [
  { name: 'p', hostPath: { path: '/proc/' } },
  { name: 'r', hostPath: { path: '/' } },
  { name: 'd', hostPath: { path: '/sys/kernel/debug' } },
  { name: 'c', configMap: { name: 'users' } },
];
const proc: HostMount = { name: 'procdir', path: '/proc', mountPath: '/host/proc', readOnly: true };
const debug: HostMount = {
  name: 'debugfs',
  path: '/sys/kernel/debug',
  mountPath: '/sys/kernel/debug',
  readOnly: false,
};
const root: HostMount = { name: 'hostroot', path: '/', mountPath: '/host/root', readOnly: true };

const cases: readonly {
  readonly title: string;
  readonly wanted: HostMount;
  readonly has: readonly JsonObject[];
  readonly gives: 'mount' | 'met' | 'kept' | 'taken';
}[] = [
  { title: 'nothing there', wanted: proc, has: [], gives: 'mount' },
  {
    title: 'the same path under another name',
    wanted: proc,
    has: [{ name: 'p', mountPath: '/host/proc' }],
    gives: 'met',
  },
  {
    title: 'a slash at the end',
    wanted: proc,
    has: [{ name: 'p', mountPath: '/host/proc/', readOnly: true }],
    gives: 'met',
  },
  {
    title: 'by a subPath of the node’s root',
    wanted: proc,
    has: [{ name: 'r', mountPath: '/host/proc', subPath: 'proc' }],
    gives: 'met',
  },
  {
    title: 'inside a wider mount',
    wanted: proc,
    has: [{ name: 'r', mountPath: '/host', readOnly: true }],
    gives: 'met',
  },
  {
    title: 'inside a wider one that is read-only, to be written',
    wanted: { ...debug, mountPath: '/host/sys/kernel/debug' },
    has: [{ name: 'r', mountPath: '/host', readOnly: true }],
    gives: 'taken',
  },
  { title: 'inside one of something else', wanted: proc, has: [{ name: 'd', mountPath: '/host' }], gives: 'mount' },
  {
    title: 'inside a read-only one of something else',
    wanted: proc,
    has: [{ name: 'd', mountPath: '/host', readOnly: true }],
    gives: 'taken',
  },
  {
    title: 'something else at the very place',
    wanted: proc,
    has: [{ name: 'd', mountPath: '/host/proc' }],
    gives: 'kept',
  },
  {
    title: 'no part of the node at the very place',
    wanted: proc,
    has: [{ name: 'c', mountPath: '/host/proc' }],
    gives: 'kept',
  },
  {
    title: 'a path that is only known when the pod runs',
    wanted: proc,
    has: [{ name: 'r', mountPath: '/host/proc', subPathExpr: '$(X)' }],
    gives: 'kept',
  },
  {
    title: 'read-only where it is to be written',
    wanted: debug,
    has: [{ name: 'd', mountPath: '/sys/kernel/debug', readOnly: true }],
    gives: 'kept',
  },
  {
    title: 'something else below',
    wanted: root,
    has: [{ name: 'c', mountPath: '/host/root/etc/users' }],
    gives: 'taken',
  },
  {
    title: 'the same part of the node below',
    wanted: root,
    has: [{ name: 'p', mountPath: '/host/root/proc' }],
    gives: 'mount',
  },
  {
    title: 'inside a wider one, with something else between',
    wanted: { ...proc, mountPath: '/host/root/proc' },
    has: [
      { name: 'r', mountPath: '/host/root', readOnly: true },
      { name: 'c', mountPath: '/host/root/proc' },
    ],
    gives: 'kept',
  },
  {
    title: 'two levels inside a wider one, with something else between',
    wanted: { ...debug, mountPath: '/host/sys/kernel/debug' },
    has: [
      { name: 'r', mountPath: '/host' },
      { name: 'c', mountPath: '/host/sys/kernel' },
    ],
    gives: 'mount',
  },
  {
    title: 'ours, without its volume',
    wanted: proc,
    has: [{ name: 'procdir', mountPath: '/host/proc', readOnly: true }],
    gives: 'met',
  },
  {
    title: 'a path written otherwise',
    wanted: proc,
    has: [{ name: 'p', mountPath: '/host//proc/.' }],
    gives: 'met',
  },
  {
    title: 'a neighbour of a similar name',
    wanted: proc,
    has: [{ name: 'c', mountPath: '/host/processes' }],
    gives: 'mount',
  },
];

for (const { title, wanted, has, gives } of cases) {
  t.test(`E17, E22: ${title}: ${gives}`, (t) => {
    const planned = planHostMounts(container(has), volumes, [wanted]);
    if ('reason' in planned) {
      t.equal(gives, 'taken', planned.detail);
      t.equal(planned.reason, 'mount_path_taken');
    } else {
      t.equal(gives, outcome(planned));
    }
    t.end();
  });
}

function outcome({ mounts, remarks }: HostMounts): 'mount' | 'met' | 'kept' {
  if (mounts.length > 0) return 'mount';
  return remarks.some(({ reason }) => reason === 'mount_kept') ? 'kept' : 'met';
}

t.test('a mount is written as Kubernetes wants it', (t) => {
  t.same(planHostMounts(container([]), volumes, [proc, debug]), {
    mounts: [
      { name: 'procdir', mountPath: '/host/proc', readOnly: true },
      { name: 'debugfs', mountPath: '/sys/kernel/debug' },
    ],
    remarks: [],
  });
  t.end();
});
