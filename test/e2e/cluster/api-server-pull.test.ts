import t from 'tap';
import { listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { engineOf, policyText } from '../../support/engine.js';
import { isByApiServer, settled, type Scene } from './by-api-server.js';
import { startScenes } from './started-scenes.js';

// A plug-in of the API server's that changes what its policy has added.

t.setTimeout(900_000);

const scene: Scene = {
  namespace: 'shop',
  namespaceLabels: {},
  policyName: 'default',
  engine: engineOf(
    policyText('default', {
      prefer: 'Security',
      delivery: 'ImageVolume',
      profile: { name: 'sysdig', settings: { region: 'us2' } },
    }),
  ),
  references: [],
};

const { pods } = await startScenes(t, [scene], ['AlwaysPullImages']);

const app = { name: 'app', image: 'x', command: ['/app'] };
const fresh: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: { containers: [app] },
};

t.test('W55: where the API server has every image pulled, its judge lets in what it instrumented', async (t) => {
  let made: JsonObject = {};
  await settled('an answer of the policies', async () => {
    made = (await pods.create('shop', fresh)).body;
    return isByApiServer(made) || stringOf(made['message'])?.includes('outrider:') === true;
  });
  t.ok(isByApiServer(made), stringOf(made['message']) ?? '');
  const spec = objectOf(made['spec']) ?? {};
  const images = listOf(spec['volumes']).flatMap((volume) => objectOf(objectOf(volume)?.['image']) ?? []);
  t.ok(images.length > 0 && images.every((image) => objectOf(image)?.['pullPolicy'] === 'Always'), 'volumes too');
  const { labels, annotations } = objectOf(made['metadata']) ?? {};
  const again = async (volume: (image: JsonObject) => JsonObject): Promise<number> => {
    const volumes = listOf(spec['volumes']).map((one) => {
      const image = objectOf(objectOf(one)?.['image']);
      return image === undefined ? one : { ...objectOf(one), image: volume(image) };
    });
    const metadata = { name: 'web', labels: labels ?? {}, annotations: annotations ?? {} };
    return (await pods.create('shop', { ...made, metadata, spec: { ...spec, volumes } })).status;
  };
  t.equal(await again((image) => image), 201);
  t.equal(await again((image) => ({ ...image, reference: 'other:1' })), 422, 'no other image');
});
