import { createHash } from 'node:crypto';
import t from 'tap';
import { partsLayout } from '../../../src/inject/pod/layout.js';
import { listOf, objectOf } from '../../../src/model/json.js';
import { decideNow, engineFor } from '../../support/engine.js';
import { patched } from '../../support/json.js';
import { podOf } from '../../support/pods.js';

/** Of what stands in a pod for one recipe, in each layout. */
const digests: Readonly<Record<number, string>> = { 1: '3baff547f13b' };

t.test('another form of our own parts is another layout', (t) => {
  const parts = (['Availability', 'Security'] as const).map((prefer) => {
    const spec = objectOf(patched(podOf(), decideNow(podOf(), engineFor({ prefer })).patch)['spec']);
    return [listOf(spec?.['initContainers']), listOf(spec?.['volumes'])];
  });
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
  t.equal(
    digest,
    digests[partsLayout],
    'raise partsLayout and add its digest: pods that run are then stale, and not taken for forged ones',
  );
  t.end();
});
