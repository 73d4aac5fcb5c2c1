import { createHash } from 'node:crypto';
import t from 'tap';
import { partsLayout } from '../../../src/inject/pod/layout.js';
import { listOf, objectOf, type JsonObject } from '../../../src/model/json.js';
import { decideNow, engineOf, policyText } from '../../support/engine.js';
import { patched } from '../../support/json.js';
import { podOf } from '../../support/pods.js';

/** Of what is in a pod for one recipe, in each layout. */
const digests: Readonly<Record<number, string>> = { 1: '3baff547f13b', 2: '337dd9835614' };

const known = { 'quay.io/sysdig/workload-agent:6.3.0': { entrypoint: ['/agent'], cmd: [] } };
const map = `---\n${JSON.stringify({ apiVersion: 'outrider.dev/v1alpha1', kind: 'ImageMap', images: known })}\n`;
/** What the agent's image starts is known, so that it gets its keeper. */
const engineWith = (spec: JsonObject) =>
  engineOf(map + policyText('p', { profile: { name: 'sysdig', settings: { region: 'us2' } }, ...spec }));

t.test('another form of our own parts is another layout', (t) => {
  const parts = (['Copy', 'ImageVolume'] as const).flatMap((delivery) =>
    (['Availability', 'Security'] as const).map((prefer) => {
      const spec = objectOf(patched(podOf(), decideNow(podOf(), engineWith({ prefer, delivery })).patch)['spec']);
      return [listOf(spec?.['initContainers']), listOf(spec?.['volumes'])];
    }),
  );
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
  t.equal(
    digest,
    digests[partsLayout],
    'raise partsLayout and add its digest: pods that run are then stale, and not taken for forged ones',
  );
  t.end();
});
