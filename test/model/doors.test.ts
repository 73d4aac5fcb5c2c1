import t from 'tap';
import { allDoors, measuredDoors, pods, subjects } from '../../src/model/doors.js';

t.test('each door has a name and a path of its own', (t) => {
  t.equal(new Set(allDoors.map(({ name }) => name)).size, allDoors.length);
  t.equal(new Set(allDoors.map(({ path }) => path)).size, allDoors.length);
  t.equal(new Set(subjects.map(({ key }) => key)).size, subjects.length);
  for (const { path, verb } of allDoors) t.ok(path.startsWith(`/${verb}/`), path);
  t.end();
});

t.test('a mutating door never denies, and a validating one never patches', (t) => {
  for (const { verb, maySay, name } of allDoors) t.notOk(maySay.includes(verb === 'mutate' ? 'denial' : 'patch'), name);
  t.end();
});

t.test('reviews of pods are measured under the names of their verbs, and self-tests are not', (t) => {
  t.same(
    measuredDoors.map(({ name, subject }) => [name, subject.key]),
    [
      ['mutate', 'pods'],
      ['validate', 'pods'],
      ['mutate-exec', 'exec'],
      ['validate-exec', 'exec'],
      ['validate-attach', 'attach'],
      ['mutate-debug', 'debug'],
      ['validate-debug', 'debug'],
      ['validate-update', 'updates'],
    ],
  );
  t.equal(pods.doors.validate.path, '/validate/pods');
  t.end();
});
