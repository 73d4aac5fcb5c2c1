import t from 'tap';
import { containerOf, idOf, isOwnCgroup, leadsUp } from '../../../src/cli/verify/cgroup.js';

const id = '9bca8d63d5fa610783847915bcff0ecac1273e5b4bed3f6fa1b07350e0135961';
const other = '45490e76e0878aaa4d9808f7d2eefba37f093c3efbba9838b6d8ab804d9bd814';
const ids = new Map([
  [id, 'app'],
  [other, 'agent'],
]);
const uid = '2c48913c-b29f-11e7-9350-020968147796';
const uidInSlice = uid.replaceAll('-', '_');

/** Forms of the path, each with where it was seen. */
const forms: Readonly<Record<string, string>> = {
  // Read on a node of this project's tests: containerd 2.4.2, cgroupfs.
  'version 1': `/kubepods/besteffort/pod${uid}/${id}`,
  // moby/moby issue 34584.
  'version 1, Docker': `/kubepods/burstable/pod${uid}/${id}`,
  'version 1, containerd below systemd': `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${uidInSlice}.slice/cri-containerd-${id}.scope`,
  // spiffe/spire, tests of its workload attestor for Kubernetes.
  'systemd’s cgroup, named by its parts': `/system.slice/containerd.service/kubepods-besteffort-pod${uidInSlice}.slice:cri-containerd:${id}`,
  'version 2, the node’s own view': `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${uidInSlice}.slice/cri-containerd-${id}.scope`,
  // The kernel's cgroup-v2.rst, "Namespace": a sibling is seen as `/../…`. Seen so on Linux 6.18, by `unshare --cgroup`.
  'version 2 from a sibling, cgroupfs': `/../${id}`,
  'version 2 from a sibling, containerd': `/../cri-containerd-${id}.scope`,
  // spiffe/spire, likewise.
  'version 2 from a sibling, CRI-O': `/../crio-${id}.scope`,
  // crun puts a container into a cgroup below its scope (containers/crun, systemd cgroup manager).
  'version 2 from a sibling, CRI-O with crun': `/../../crio-${id}.scope/container`,
  'version 2 from a sibling, Docker': `/../../kubepods-besteffort-pod${uidInSlice}.slice/docker-${id}.scope`,
  // inspektor-gadget/inspektor-gadget pull request 3085.
  'version 2 from another class of service': `/../../../kubepods-burstable.slice/kubepods-burstable-pod${uidInSlice}.slice/cri-containerd-${id}.scope`,
  'a node that is a container': `/docker/${'f'.repeat(64)}/kubelet/kubepods/pod${uid}/${id}`,
  'a cgroup of the container’s own below it': `/../cri-containerd-${id}.scope/init.scope`,
};

t.test('the container is known by its id, in every form of the path', (t) => {
  for (const [what, path] of Object.entries(forms)) t.equal(containerOf([path], ids), 'app', what);
  t.equal(containerOf([forms['version 1'] ?? '', '/', '/system.slice/x'], ids), 'app', 'version 1 beside version 2');
  t.end();
});

t.test('a cgroup below the container’s own, named after another container, does not move a process there', (t) => {
  t.equal(containerOf([`/kubepods/pod${uid}/${id}/${other}`], ids), 'app');
  t.equal(containerOf([`/../cri-containerd-${id}.scope/cri-containerd-${other}.scope`], ids), 'app');
  t.end();
});

t.test('what names none of them, or two, is in none', (t) => {
  t.equal(containerOf([], ids), undefined);
  t.equal(containerOf(['/'], ids), undefined);
  t.equal(containerOf([`/../cri-containerd-${'0'.repeat(64)}.scope`], ids), undefined, 'the sandbox');
  t.equal(containerOf([`/../cri-containerd-${id}0.scope`], ids), undefined, 'a longer one');
  t.equal(containerOf([`/a/${id}`, `/a/${other}`], ids), undefined, 'controllers of version 1 that differ');
  t.end();
});

t.test('the cgroup that is looked from has no way up, where others have', (t) => {
  t.ok(isOwnCgroup(['/'], true));
  t.ok(isOwnCgroup(['/init.scope'], true));
  t.notOk(isOwnCgroup(['/'], false), 'seen from the node’s own cgroup, / is the machine’s');
  t.notOk(isOwnCgroup([], true));
  t.notOk(isOwnCgroup(['/', '/../x'], true));
  t.ok(leadsUp('/..'));
  t.notOk(leadsUp('/..x'));
  t.equal(idOf(`containerd://${id}`), id);
  t.equal(idOf(''), '');
  t.end();
});
