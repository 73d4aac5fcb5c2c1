import fc from 'fast-check';
import t from 'tap';
import { ImageCache, type CacheLimits } from '../../../src/image/cache/image-cache.js';
import { CacheCounter } from '../../../src/image/cache/counter.js';
import { parseReference } from '../../../src/image/reference.js';
import type { ImageReference } from '../../../src/image/types.js';
import { fakeClock, type FakeClock } from '../fake-registry.js';

const limits: CacheLimits = {
  tagTtlMs: 1_000,
  rightTtlMs: 3_000,
  staleMs: 10_000,
  jitter: 0.5,
  entries: 8,
  bytes: 100_000,
};

const digests = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`);
const references = ['r.example/x/one:1', 'r.example/x/one:2', 'r.example/x/two:1'].flatMap((text) => [
  parseReference(text),
  ...digests.map((digest) => parseReference(`${text.replace(/:\d$/, '')}@${digest}`)),
]);
const holders = ['alice', 'bob', 'anonymous'];

/** What a registry has said, kept without any cleverness. */
interface Model {
  nowMs: number;
  /** When the registry last let a holder into a repository; gone when it has refused since. */
  readonly rights: Map<string, number>;
  /** Every digest the registry has ever named to a holder for a tag, and when. */
  readonly names: Map<string, Map<string, number>>;
}
interface Real {
  readonly cache: ImageCache;
  readonly clock: FakeClock;
}

const rightOf = (reference: ImageReference, holder: string): string => `${reference.repository} ${holder}`;
const nameOf = (reference: ImageReference, holder: string): string =>
  `${reference.repository}:${reference.tag ?? ''} ${holder}`;

class Grant implements fc.Command<Model, Real> {
  readonly reference: ImageReference;
  readonly holder: string;
  readonly digest: string;
  constructor(reference: ImageReference, holder: string, digest: string) {
    this.reference = reference;
    this.holder = holder;
    this.digest = digest;
  }
  check = (): boolean => true;
  run(model: Model, { cache }: Real): void {
    const digest = this.reference.digest ?? this.digest;
    cache.grant(this.reference, this.holder, digest);
    model.rights.set(rightOf(this.reference, this.holder), model.nowMs);
    const key = nameOf(this.reference, this.holder);
    const named = model.names.get(key) ?? new Map<string, number>();
    model.names.set(key, named.set(digest, model.nowMs));
  }
  toString = (): string => `grant(${this.reference.text}, ${this.holder})`;
}

class Revoke implements fc.Command<Model, Real> {
  readonly reference: ImageReference;
  readonly holder: string;
  constructor(reference: ImageReference, holder: string) {
    this.reference = reference;
    this.holder = holder;
  }
  check = (): boolean => true;
  run(model: Model, { cache }: Real): void {
    cache.revoke(this.reference, this.holder);
    model.rights.delete(rightOf(this.reference, this.holder));
  }
  toString = (): string => `revoke(${this.reference.text}, ${this.holder})`;
}

class Wait implements fc.Command<Model, Real> {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
  check = (): boolean => true;
  run(model: Model, { clock }: Real): void {
    clock.advance(this.ms);
    model.nowMs += this.ms;
  }
  toString = (): string => `wait(${this.ms})`;
}

class Ask implements fc.Command<Model, Real> {
  readonly reference: ImageReference;
  readonly holder: string;
  readonly tolerance: 'fresh' | 'stale';
  constructor(reference: ImageReference, holder: string, tolerance: 'fresh' | 'stale') {
    this.reference = reference;
    this.holder = holder;
    this.tolerance = tolerance;
  }
  check = (): boolean => true;
  run(model: Model, { cache }: Real): void {
    const digest = cache.digestFor(this.reference, this.holder, this.tolerance);
    if (digest === undefined) return;
    const [rightMs, tagMs] =
      this.tolerance === 'fresh' ? [limits.rightTtlMs, limits.tagTtlMs] : [limits.staleMs, limits.staleMs];
    const rightAt = model.rights.get(rightOf(this.reference, this.holder)) ?? -Infinity;
    if (model.nowMs - rightAt >= rightMs) throw new Error('served without a right');
    if (this.reference.digest !== undefined) {
      if (digest !== this.reference.digest) throw new Error('another digest than asked for');
      return;
    }
    const namedAt = model.names.get(nameOf(this.reference, this.holder))?.get(digest) ?? -Infinity;
    if (model.nowMs - namedAt >= tagMs) throw new Error('served a digest the holder was not told in time');
  }
  toString = (): string => `ask(${this.reference.text}, ${this.holder}, ${this.tolerance})`;
}

t.test('E14: no answer without a right that the registry gave that holder in time', (t) => {
  const reference = fc.constantFrom(...references);
  const holder = fc.constantFrom(...holders);
  const commands = fc.commands(
    [
      fc.tuple(reference, holder, fc.constantFrom(...digests)).map((args) => new Grant(...args)),
      fc.tuple(reference, holder).map((args) => new Revoke(...args)),
      fc.constantFrom(1, 400, 999, 1_000, 2_999, 9_000).map((ms) => new Wait(ms)),
      fc.tuple(reference, holder, fc.constantFrom('fresh' as const, 'stale' as const)).map((args) => new Ask(...args)),
    ],
    { maxCommands: 60 },
  );
  fc.assert(
    fc.property(commands, fc.double({ min: 0, max: 0.999, noNaN: true }), (list, luck) => {
      const clock = fakeClock();
      const cache = new ImageCache({ clock, limits, counter: new CacheCounter(), random: () => luck });
      fc.modelRun(() => ({ model: { nowMs: 0, rights: new Map(), names: new Map() }, real: { cache, clock } }), list);
    }),
    { numRuns: 500 },
  );
  t.pass('500 histories');
  t.end();
});

t.test('E14: what was granted just now is answered, and a clock that runs backwards is not believed', (t) => {
  let nowMs = 5_000;
  const clock = { monotonicMs: () => nowMs, wallMs: () => 0 };
  const cache = new ImageCache({ clock, limits, counter: new CacheCounter(), random: () => 0 });
  const [tag] = references;
  const [digest = ''] = digests;
  if (tag === undefined) throw new Error('no reference');
  cache.grant(tag, 'alice', digest);
  t.equal(cache.digestFor(tag, 'alice', 'fresh'), digest);
  nowMs = 4_999;
  t.equal(cache.digestFor(tag, 'alice', 'fresh'), undefined);
  t.equal(cache.digestFor(tag, 'alice', 'stale'), undefined);
  nowMs = 5_999;
  t.equal(cache.digestFor(tag, 'alice', 'fresh'), digest);
  nowMs = 6_000;
  t.equal(cache.digestFor(tag, 'alice', 'fresh'), undefined);
  t.equal(cache.digestFor(tag, 'alice', 'stale'), digest);
  cache.forgetName(tag, 'alice');
  t.equal(cache.digestFor(tag, 'alice', 'stale'), undefined);
  t.end();
});
