import t from 'tap';
import { writeAgentImages } from '../../../src/cluster/agent-images/config-map.js';
import { readEntries, type AgentImage } from '../../../src/cluster/agent-images/entries.js';
import { isApiError } from '../../../src/cluster/client/api-error.js';
import { objectOf } from '../../../src/model/json.js';
import { refusal } from '../fake-api.js';
import { createFakeObjects } from '../fake-objects.js';

const path = '/api/v1/namespaces/own/configmaps/outrider-agent-images';
const entry: AgentImage = { image: 'a:1', argv: ['/a'], digest: undefined, foundAt: '2026-11-29T04:00:00.000Z' };
const images = new Map([[entry.image, entry]]);

t.test('F40: the ConfigMap is made, left alone while it is right, and put right', async (t) => {
  const objects = createFakeObjects();
  const place = { client: objects.client(), instance: 'outrider', ownNamespace: 'own' };
  t.ok(await writeAgentImages(place, images));
  t.match(objects.read(path), { metadata: { labels: { 'app.kubernetes.io/managed-by': 'outrider' } } });
  t.same(readEntries(objects.read(path)?.['data']).images, images);
  t.notOk(await writeAgentImages(place, images));
  objects.put(path, { ...objects.read(path), data: { more: 'x', ...objectOf(objects.read(path)?.['data']) } });
  t.ok(await writeAgentImages(place, images));
  t.same(readEntries(objects.read(path)?.['data']), { images, invalid: [] });
  t.ok(await writeAgentImages(place, new Map()));
  t.same(objects.read(path)?.['data'], {});
});

t.test(
  'F40: somebody else who writes at the same moment is not overwritten, and a refusal is the caller’s',
  async (t) => {
    const objects = createFakeObjects();
    const place = { client: objects.client(), instance: 'outrider', ownNamespace: 'own' };
    objects.fault = (method) => (method === 'GET' ? refusal(403, 'Forbidden') : undefined);
    const refused: unknown = await writeAgentImages(place, images).catch((reason: unknown) => reason);
    t.ok(isApiError(refused, 'Forbidden'));
    objects.fault = () => undefined;
    await writeAgentImages(place, images);
    let once = true;
    objects.fault = (method) => {
      if (method === 'PUT' && once) {
        once = false;
        objects.put(path, { ...objects.read(path), data: { by: 'another' } });
      }
      return undefined;
    };
    const error: unknown = await writeAgentImages(place, new Map()).catch((reason: unknown) => reason);
    t.ok(isApiError(error, 'Conflict'));
    t.same(objects.read(path)?.['data'], { by: 'another' });
  },
);
