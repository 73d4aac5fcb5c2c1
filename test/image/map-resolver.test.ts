import t from 'tap';
import { createMapResolver } from '../../src/image/map-resolver.js';
import { RegistryError } from '../../src/image/types.js';
import type { ImageOutcome, ImageRequest, ImageResolver } from '../../src/model/image.js';
import { forever } from './fake-registry.js';

const config = { entrypoint: ['/mapped'], cmd: [] };
const map = new Map([['nginx', config]]);
const found: ImageOutcome = { ok: true, config, source: 'map' };
const behind: ImageOutcome = { ok: true, config: { entrypoint: ['/behind'], cmd: [] }, source: 'cache' };
const next: ImageResolver = { known: () => behind, lookUp: () => Promise.resolve(behind) };

function request(reference: string): ImageRequest {
  return { reference, namespace: 'payments', pod: {} };
}

t.test('E10: the operator’s map goes first, in any way of writing a reference', async (t) => {
  const resolver = createMapResolver(map, next);
  for (const name of ['nginx', 'docker.io/nginx:latest', 'docker.io/library/nginx']) {
    t.strictSame(resolver.known(request(name)), found);
    t.strictSame(await resolver.lookUp(request(name), forever), found);
  }
  t.equal(resolver.known(request('nginx:2')), behind);
  t.equal(await resolver.lookUp(request('nginx:2'), forever), behind);
});

t.test('a map alone: what it does not have is unresolved', async (t) => {
  const resolver = createMapResolver(map);
  const unresolved = { ok: false, reason: 'image_unresolved', detail: 'nginx:2 is in no image map' };
  t.strictSame(resolver.known(request('nginx:2')), unresolved);
  t.strictSame(await resolver.lookUp(request('nginx:2'), forever), unresolved);
});

t.test(
  'E10: a reference that is none is an outcome; behind an empty map, the next one’s; a key that is none throws',
  (t) => {
    t.match(createMapResolver(map, next).known(request('a:b:c')), { ok: false, reason: 'image_reference_invalid' });
    t.equal(createMapResolver(new Map(), next).known(request('a:b:c')), behind);
    t.throws(() => createMapResolver(new Map([['a:b:c', config]])), RegistryError);
    t.end();
  },
);
