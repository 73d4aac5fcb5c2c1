import t from 'tap';
import { isSamePlace, mountPoint, withoutSlash } from '../../src/inject/path.js';

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
