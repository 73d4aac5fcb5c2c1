import t from 'tap';
import { Negatives, type Refusable } from '../../../src/image/cache/negatives.js';
import { RegistryError } from '../../../src/image/types.js';
import { fakeClock } from '../fake-registry.js';

function about(namespace: string, more: Partial<Refusable> = {}): Refusable {
  return { registry: 'r.example', asked: 'r.example/x:1', fingerprint: 'anonymous', namespace, ...more };
}

const limited = new RegistryError('registry_rate_limited', 'no', { status: 429, retryAfterMs: 600_000 });

t.test('F24: a rate limit counts for the namespace that drew it, for everything of the registry', (t) => {
  const clock = fakeClock();
  const negatives = new Negatives({ clock, entries: 100 });
  negatives.keep(about('noisy'), limited);
  negatives.keep(about('noisy'), limited);
  t.match(negatives.find(about('noisy', { asked: 'r.example/y:1' })), { reason: 'registry_rate_limited' });
  t.equal(negatives.find(about('web')), undefined);
  t.equal(negatives.find(about('noisy', { registry: 'other.example' })), undefined);
  t.equal(negatives.find(about('noisy', { fingerprint: 'own' })), undefined);
  clock.advance(599_999);
  t.match(negatives.find(about('noisy')), { reason: 'registry_rate_limited' });
  clock.advance(1);
  t.equal(negatives.find(about('noisy')), undefined);
  t.end();
});

t.test('F24: one that a second namespace draws meanwhile counts for everybody, for a minute', (t) => {
  const clock = fakeClock();
  const negatives = new Negatives({ clock, entries: 100 });
  negatives.keep(about('noisy'), limited);
  clock.advance(30_000);
  negatives.keep(about('web'), limited);
  t.match(negatives.find(about('pay')), { reason: 'registry_rate_limited' });
  t.equal(negatives.find(about('pay', { fingerprint: 'own' })), undefined);
  clock.advance(60_000);
  t.equal(negatives.find(about('pay')), undefined, 'the next one tries');
  t.match(negatives.find(about('web')), { reason: 'registry_rate_limited' });
  negatives.keep(about('pay'), limited);
  t.match(negatives.find(about('shop')), { reason: 'registry_rate_limited' });
  clock.advance(600_000);
  negatives.keep(about('noisy'), limited);
  t.equal(negatives.find(about('shop')), undefined, 'what was drawn long ago counts no more');
  t.end();
});

t.test('F34: one namespace’s refusals push out its own alone', (t) => {
  const negatives = new Negatives({ clock: fakeClock(), entries: 50 });
  const missing = new RegistryError('image_not_found', 'no', { status: 404 });
  negatives.keep(about('web'), missing);
  for (let at = 0; at < 500; at++) negatives.keep(about('noisy', { asked: `r.example/n:${at}` }), missing);
  t.match(negatives.find(about('web')), { reason: 'image_not_found' });
  t.equal(negatives.find(about('noisy', { asked: 'r.example/n:0' })), undefined);
  t.end();
});
