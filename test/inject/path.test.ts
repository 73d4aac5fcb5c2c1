import t from 'tap';
import { isInProcess, isSamePlace, mountPoint, withoutSlash } from '../../src/inject/path.js';

t.test('a path is cleaned as the runtime cleans it', (t) => {
  const places: readonly (readonly [string, string])[] = [
    ['/opt/draios', '/opt/draios/'],
    ['/opt/draios/', '/opt/draios/'],
    ['//opt/draios', '/opt/draios/'],
    ['/opt//draios//', '/opt/draios/'],
    ['/opt/./draios', '/opt/draios/'],
    ['/opt/x/../draios', '/opt/draios/'],
    ['/../opt/draios/.', '/opt/draios/'],
    ['opt/draios', '/opt/draios/'],
    ['/opt/.draios', '/opt/.draios/'],
    ['/', '/'],
    ['//', '/'],
    ['', '/'],
  ];
  for (const [path, place] of places) t.equal(mountPoint(path), place, path);
  t.ok(isSamePlace('//opt', '/opt/'));
  t.notOk(isSamePlace('/opt', '/opt2'));
  t.equal(withoutSlash(mountPoint('//opt')), '/opt');
  t.equal(withoutSlash(mountPoint('/')), '/');
  t.end();
});

t.test('a place in a process’s folder of /proc may lead anywhere; others of /proc do not', (t) => {
  for (const path of [
    '/proc/self/root/opt',
    '/proc/thread-self/cwd',
    '/proc/1/root',
    '/x/../proc//self/fd/3',
    '/proc/self',
  ]) {
    t.ok(isInProcess(mountPoint(path)), path);
  }
  for (const path of ['/proc', '/proc/cpuinfo', '/proc/sys/net', '/proc/selfish/x', '/srv/proc/self/root', '/']) {
    t.notOk(isInProcess(mountPoint(path)), path);
  }
  t.end();
});
