import fc from 'fast-check';
import t from 'tap';
import { SharedLru } from '../../../src/image/cache/shared-lru.js';

function keysOf<V>(cache: SharedLru<V>): readonly string[] {
  return cache.newestFirst().map(([key]) => key);
}

t.test('F34: a namespace that fills the cache pushes out its own alone', (t) => {
  let evicted = 0;
  const cache = new SharedLru<number>({ entries: 20_000, onEvict: () => (evicted += 1) });
  for (let at = 0; at < 30; at++) cache.set(`web ${at}`, at, 'web');
  for (let at = 0; at < 22_800; at++) cache.set(`noisy ${at}`, at, 'noisy');
  for (let at = 0; at < 30; at++) t.equal(cache.get(`web ${at}`, 'web'), at);
  t.equal(cache.size, 20_000);
  t.equal(evicted, 2_830);
  t.equal(cache.get('noisy 2829', 'noisy'), undefined);
  t.equal(cache.get('noisy 2830', 'noisy'), 2_830, 'the rest is all its own');
  t.end();
});

t.test('F34: what several use stays for as long as one of them has room, whoever was there first', (t) => {
  const cache = new SharedLru<string>({ entries: 10 });
  cache.set('shared', 'it', 'noisy');
  t.equal(cache.get('shared', 'web'), 'it');
  for (let at = 0; at < 50; at++) cache.set(`noisy ${at}`, '', 'noisy');
  t.equal(cache.get('shared', 'web'), 'it');
  cache.set('shared', 'new', 'noisy');
  for (let at = 0; at < 50; at++) cache.set(`noisy ${at}`, '', 'noisy');
  t.equal(cache.get('shared', 'web'), 'new', 'a new value is still web’s, too');
  t.end();
});

t.test('F34: bytes are shared like entries, and what is too large is not kept', (t) => {
  const cache = new SharedLru<string>({ entries: 100, bytes: 100, sizeOf: (value) => value.length });
  cache.set('web', 'x'.repeat(20), 'web');
  for (let at = 0; at < 9; at++) cache.set(`noisy ${at}`, 'x'.repeat(30), 'noisy');
  t.strictSame(keysOf(cache), ['noisy 8', 'noisy 7', 'web']);
  t.equal(cache.bytes, 80);
  cache.set('web', 'x'.repeat(101), 'web');
  t.strictSame(keysOf(cache), ['noisy 8', 'noisy 7']);
  cache.delete('noisy 8');
  cache.delete('none');
  t.equal(cache.bytes, 30);
  t.end();
});

t.test('F34: one namespace alone has the least recently used dropped, and all of the room', (t) => {
  const use = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    how: fc.constantFrom('set', 'get', 'delete'),
  });
  fc.assert(
    fc.property(fc.array(use, { maxLength: 60 }), (uses) => {
      const cache = new SharedLru<string>({ entries: 3 });
      let model: readonly string[] = [];
      for (const { key, how } of uses) {
        const others = model.filter((one) => one !== key);
        if (how === 'delete') {
          cache.delete(key);
          model = others;
        } else if (how === 'set') {
          cache.set(key, key, 'web');
          model = [key, ...others].slice(0, 3);
        } else {
          const found = cache.get(key, 'web');
          if ((found !== undefined) !== model.includes(key)) return false;
          if (found !== undefined) model = [key, ...others];
        }
        if (keysOf(cache).join() !== model.join()) return false;
      }
      return true;
    }),
  );
  t.end();
});

t.test('F34: whoever uses what: the limits hold, and nobody within an equal share loses anything', (t) => {
  const namespaces = ['a', 'b', 'c', 'd'];
  const use = fc.record({
    namespace: fc.constantFrom(...namespaces),
    key: fc.integer({ min: 0, max: 30 }),
    size: fc.integer({ min: 1, max: 9 }),
    how: fc.constantFrom('set', 'get', 'delete'),
  });
  fc.assert(
    fc.property(fc.array(use, { maxLength: 200 }), (uses) => {
      const cache = new SharedLru<number>({ entries: 8, bytes: 40, sizeOf: (size) => size });
      cache.set('modest', 1, 'modest');
      for (const { namespace, key, size, how } of uses) {
        if (how === 'set') cache.set(String(key), size, namespace);
        else if (how === 'get') cache.get(String(key), namespace);
        else cache.delete(String(key));
        const bytes = cache.newestFirst().reduce((sum, [, one]) => sum + one, 0);
        if (cache.size > 8 || cache.bytes > 40 || cache.bytes !== bytes) return false;
      }
      // Of five namespaces each has an equal share of one entry, rounded down, and of the bytes eight.
      return cache.get('modest', 'modest') === 1;
    }),
  );
  t.end();
});

t.test('F34: few users of an entry are remembered, the smallest, and nobody takes a place by being large', (t) => {
  const cache = new SharedLru<number>({ entries: 100 });
  cache.set('popular', 1, 'web');
  for (let at = 0; at < 60; at++) cache.set(`noisy ${at}`, at, 'noisy');
  for (let at = 0; at < 20; at++) cache.get('popular', `small-${at}`);
  cache.get('popular', 'noisy');
  for (let at = 0; at < 500; at++) cache.set(`noisy ${at}`, at, 'noisy');
  t.equal(cache.get('popular', 'web'), 1);
  for (const namespace of ['web', ...Array.from({ length: 20 }, (_, at) => `small-${at}`)]) {
    for (let at = 0; at < 100; at++) cache.set(`${namespace} ${at}`, at, namespace);
  }
  t.equal(cache.size, 100);
  t.equal(cache.get('popular', 'web'), undefined, 'and it goes when all who use it have pushed it out');
  t.end();
});

t.test('F34: a drop is cheap with thousands of namespaces', (t) => {
  const cache = new SharedLru<number>({ entries: 10_000 });
  const startMs = performance.now();
  for (let at = 0; at < 5_000; at++) {
    for (let key = 0; key < 4; key++) cache.set(`own ${at} ${key}`, key, `ns-${at}`);
    for (let key = 0; key < 10; key++) {
      if (cache.get(`popular ${key}`, `ns-${at}`) === undefined) cache.set(`popular ${key}`, key, `ns-${at}`);
    }
  }
  const tookMs = performance.now() - startMs;
  t.equal(cache.size, 10_000);
  for (let key = 0; key < 10; key++) t.equal(cache.get(`popular ${key}`, 'last'), key);
  t.ok(tookMs < 5_000, `${tookMs} ms for 70,000 uses`);
  t.end();
});
