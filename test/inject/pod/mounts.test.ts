import t from 'tap';
import { isMount, mountState, mountedVolume } from '../../../src/inject/pod/mounts.js';
import type { ContainerView } from '../../../src/inject/pod/view.js';
import type { JsonObject } from '../../../src/model/json.js';

const wanted = { name: 'ours', mountPath: '/opt/draios', subPath: 'files', readOnly: true };

function containerWith(...volumeMounts: readonly JsonObject[]): ContainerView {
  const value = { name: 'web', volumeMounts };
  return { name: 'web', image: '', list: 'containers', index: 0, native: false, command: [], args: [], value };
}

t.test('a mount is there, missing, otherwise, or in the way', (t) => {
  const states: readonly (readonly [JsonObject, string])[] = [
    [wanted, 'present'],
    [{ ...wanted, mountPath: '//opt/draios/' }, 'present'],
    [{ ...wanted, subPathExpr: '' }, 'present'],
    [{ ...wanted, readOnly: false }, 'differs'],
    [{ ...wanted, subPath: 'other' }, 'differs'],
    [{ ...wanted, subPathExpr: '$(X)' }, 'differs'],
    [{ name: 'own', mountPath: '/opt/draios2' }, 'missing'],
    [{ name: 'own', mountPath: '/opt' }, 'missing'],
    [{ name: 'own', mountPath: '/', readOnly: true }, 'missing'],
    [{ name: 'own', mountPath: '/opt', readOnly: true }, 'its own volume own is mounted read-only at /opt'],
    [{ name: 'own', mountPath: '/opt//draios/bin' }, 'its own volume own is mounted at /opt/draios/bin'],
    [{ mountPath: '/opt/draios' }, 'its own volume ? is mounted at /opt/draios'],
  ];
  for (const [mount, state] of states) t.equal(mountState(containerWith(mount), wanted), state, JSON.stringify(mount));
  t.equal(mountState(containerWith(), wanted), 'missing');
  const hidden = containerWith(wanted, { name: 'own', mountPath: '/opt/draios/bin' });
  t.match(mountState(hidden, wanted), 'its own volume own', 'every mount is looked at');
  t.ok(isMount({ subPath: 'files', readOnly: true }, wanted));
  t.end();
});

t.test('which volume a container mounts at a path', (t) => {
  t.equal(mountedVolume(containerWith({ name: 'a', mountPath: '/x' }, wanted), '/opt/draios'), 'ours');
  t.equal(mountedVolume(containerWith({ mountPath: '/opt/draios' }), '/opt/draios'), undefined);
  t.equal(mountedVolume(containerWith(), '/opt/draios'), undefined);
  t.end();
});
