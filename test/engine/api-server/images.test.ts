import t from 'tap';
import { imageArgvOf, isUnchanging } from '../../../src/engine/api-server/images.js';
import { unchangingTags } from '../../../src/model/unchanging-tags.js';
import { planParametersOf } from '../../../src/engine/api-server/parameters.js';
import type { PlanTerms } from '../../../src/model/instrumentation-plan.js';
import { engineFor } from '../../support/engine.js';

const patterns = unchangingTags.map((pattern) => new RegExp(pattern));

function terms(): PlanTerms {
  const common = { policyName: 'default', namespace: 'shop', namespaceLabels: {}, images: {}, before: undefined };
  const parameters = planParametersOf({ ...common, engine: engineFor({ prefer: 'Security' }) });
  if ('reason' in parameters || parameters.plans[0] === undefined) throw new Error('not claimed');
  return parameters.plans[0].terms;
}

t.test('only references that nobody moves are among the parameters', (t) => {
  const digest = `@sha256:${'a'.repeat(64)}`;
  for (const reference of [
    'a/b:1.2.3',
    'a/b:v1.2.3',
    'a:1.2.3-alpine',
    `a${digest}`,
    `r.example:5000/a/b:latest${digest}`,
    'r:5000/a:0.0.1',
  ]) {
    t.ok(isUnchanging(reference, patterns), reference);
  }
  for (const reference of [
    'a',
    'a:latest',
    'a:1',
    'a:1.2',
    'r.example:1.2.3/a',
    'a@sha256:12',
    'a:1.2.3x',
    `${'a'.repeat(4095)}:1.2.3`,
  ]) {
    t.notOk(isUnchanging(reference, patterns), reference);
  }
  t.ok(isUnchanging('a:stable', [/^stable$/]));
  t.end();
});

t.test('W53: what an image starts is there where the wrapper is all that is put in front of it', (t) => {
  const of = terms();
  t.same(imageArgvOf({ entrypoint: ['/app', '$(A)'], cmd: ['$'] }, of), { entrypoint: ['/app', '$$(A)'], cmd: ['$$'] });
  t.same(imageArgvOf({ entrypoint: [], cmd: ['/app'] }, of), { entrypoint: [], cmd: ['/app'] });
  for (const config of [
    { entrypoint: [], cmd: [] },
    { entrypoint: [''], cmd: ['/app'] },
    { entrypoint: ['-x'], cmd: [] },
    { entrypoint: ['/opt/draios/bin/instrument'], cmd: ['/app'] },
    { entrypoint: ['/init'], cmd: [] },
    { entrypoint: ['sh', '-c', 'x; exec "/sbin/init"'], cmd: [] },
    { entrypoint: ['tini', '--'], cmd: ['systemd'] },
    { entrypoint: ['/app'], cmd: [], users: [59_417] },
    { entrypoint: ['/app'], cmd: [], volumes: ['/opt/draios/x'] },
    { entrypoint: ['/app'], cmd: [], volumes: ['/proc/self/cwd'] },
    { entrypoint: ['/app'], cmd: [], volumes: ['/opt'] },
  ]) {
    t.equal(imageArgvOf(config, of), undefined, JSON.stringify(config));
  }
  t.ok(
    imageArgvOf(
      { entrypoint: ['/app'], cmd: ['--init', 'initial', '/init.d/x'], volumes: ['/data'], users: [1000] },
      of,
    ),
  );
  t.end();
});
