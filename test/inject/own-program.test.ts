import t from 'tap';
import { bentBy, isLoaderVariable, isOverPrograms } from '../../src/inject/own-program.js';

t.test('F8: places where programs, libraries or the loader’s files may be', (t) => {
  const over = ['/', '/usr', '/usr/bin/x', '/app', '/lib64', '/etc', '/etc/ld.so.preload', '/etc/ld.so.conf.d', '/var'];
  const beside = [
    '/tmp',
    '/tmp/',
    '/run/x',
    '/var/run/secrets/a',
    '/etc/istio/proxy',
    '/home/vault',
    '/dev/shm',
    '/vault',
  ];
  for (const path of [...over, '//usr', '/tmp/../usr', 'usr', '/tmpx']) t.ok(isOverPrograms(path), path);
  for (const path of [...beside, '//tmp', '/usr/../tmp']) t.notOk(isOverPrograms(path), path);
  t.end();
});

t.test('F8: what makes it uncertain that an image’s own program runs is said', (t) => {
  const loaders = ['LD_PRELOAD', 'LD_AUDIT', 'PATH', 'NODE_OPTIONS', 'BASH_FUNC_cat%%', 'PS4', 'CORECLR_PROFILER_PATH'];
  for (const name of loaders) t.ok(isLoaderVariable(name), name);
  for (const name of ['HOME', 'OLD_PATH', 'POD_NAME', 'BASH', 'CORE_COUNT']) t.notOk(isLoaderVariable(name), name);
  const nothing = { variables: ['HOME'], mounts: ['/tmp'], elsewhere: [] };
  t.equal(bentBy(nothing), undefined);
  t.equal(bentBy({ ...nothing, elsewhere: ['envFrom'] }), 'it has envFrom');
  t.equal(bentBy({ ...nothing, variables: ['HOME', 'LD_AUDIT'] }), 'it sets LD_AUDIT');
  t.equal(bentBy({ ...nothing, mounts: ['/tmp', '/usr/bin'] }), 'it mounts /usr/bin, where programs may be');
  t.end();
});
