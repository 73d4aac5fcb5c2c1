import fc from 'fast-check';
import t from 'tap';
import {
  planRotation,
  type Authority,
  type Leaf,
  type RotationTerms,
  type Standing,
  type Step,
} from '../../../src/cluster/certificates/rotation.js';

const minuteMs = 60_000;
const nothing: Standing = {
  authorities: [],
  signer: undefined,
  next: undefined,
  leaf: undefined,
  held: undefined,
  earlier: [],
};
const rules: RotationTerms = {
  leafLifetimeMs: 60 * minuteMs,
  authorityLifetimeMs: 600 * minuteMs,
  overlapMs: 5 * minuteMs,
};
const ca = (id: string, notBeforeMs: number, notAfterMs: number): Authority => ({ id, notBeforeMs, notAfterMs });
const leaf = (issuer: string, notBeforeMs: number, notAfterMs: number): Leaf => ({ issuer, notBeforeMs, notAfterMs });
const never = (): undefined => undefined;

t.test('each step where it is due', (t) => {
  const steady: Standing = {
    ...nothing,
    authorities: [ca('a', 0, 600 * minuteMs)],
    signer: 'a',
    leaf: leaf('a', 0, 60 * minuteMs),
  };
  const introduced: Standing = { ...steady, authorities: [...steady.authorities, ca('b', 0, 1e9)], next: 'b' };
  const cases: readonly (readonly [string, Standing, number, number | undefined, Step])[] = [
    ['an empty Secret', nothing, 0, undefined, 'begin'],
    ['a fresh one', steady, 1, undefined, 'none'],
    ['just before two thirds', steady, 40 * minuteMs - 1, undefined, 'none'],
    ['at two thirds of the leaf', steady, 40 * minuteMs, undefined, 'renew'],
    ['no leaf', { ...steady, leaf: undefined }, 1, undefined, 'renew'],
    ['a leaf of nobody’s', { ...steady, leaf: { ...leaf('a', 0, 1e9), issuer: undefined } }, 1, undefined, 'renew'],
    ['a leaf of tomorrow', { ...steady, leaf: leaf('a', 100, 1e9) }, 1, undefined, 'renew'],
    ['a leaf that ends in a moment', { ...steady, leaf: leaf('a', -1e9, 30_000) }, 1, undefined, 'renew'],
    ['no key of the authority, with a good leaf', { ...steady, signer: undefined }, 1, undefined, 'introduce'],
    ['neither key nor leaf', { ...steady, signer: undefined, leaf: undefined }, 1, undefined, 'begin'],
    ['nothing, while a leaf is still served', { ...nothing, held: steady.leaf }, 1, undefined, 'begin'],
    [
      'nothing but an authority, while its leaf is still served',
      { ...nothing, authorities: steady.authorities, held: steady.leaf },
      1,
      undefined,
      'introduce',
    ],
    ['two thirds of the authority', { ...steady, leaf: leaf('a', 0, 1e9) }, 400 * minuteMs, undefined, 'introduce'],
    ['an authority that nobody trusts yet', introduced, 1, undefined, 'none'],
    ['one that is trusted too shortly', introduced, 1, 5 * minuteMs - 1, 'none'],
    ['one that is trusted long enough', introduced, 1, 5 * minuteMs, 'promote'],
    ['a leaf that is due meanwhile', introduced, 41 * minuteMs, 0, 'renew'],
    ['the last moment', { ...introduced, signer: undefined, leaf: leaf('a', 0, 10) }, 1, 0, 'promote'],
    [
      'an authority of which nothing is left',
      { ...steady, authorities: introduced.authorities },
      1,
      undefined,
      'retire',
    ],
    [
      'an authority of which a leaf may be served',
      { ...steady, authorities: introduced.authorities, earlier: [leaf('b', 0, 1e9)] },
      1,
      undefined,
      'none',
    ],
  ];
  for (const [what, standing, nowMs, trustedMs, step] of cases) {
    const plan = planRotation(standing, nowMs, rules, () => trustedMs);
    t.equal(plan.step, step, what);
    t.ok(plan.lookAgainMs > nowMs, `${what}: looks again later`);
  }
  t.equal(planRotation(steady, 1, rules, never).lookAgainMs, 40 * minuteMs);
  t.end();
});

/** The Secret, the replicas and the webhook configurations over a long time, without a byte of X.509. */
class World {
  readonly rules: RotationTerms;
  /** How long the registration takes to write a bundle. */
  readonly lagMs: number;
  nowMs = 1e12;
  monotonicMs = 0;
  standing: Standing = nothing;
  /** Every leaf that was ever made. */
  readonly made: Leaf[] = [];
  /** Authorities in the webhook configurations: since when, by the world's own clock. */
  readonly configured = new Map<string, number>();
  /** The same as the leader knows it. */
  readonly known = new Map<string, number>();
  #pending: { readonly ids: readonly string[]; readonly atMs: number }[] = [];
  #count = 0;

  constructor(rules: RotationTerms, lagMs: number) {
    this.rules = rules;
    this.lagMs = lagMs;
  }

  /** Lets the leader look until it has nothing to do. Returns the number of steps. */
  settle(): { readonly steps: readonly Step[]; readonly lookAgainMs: number } {
    const steps: Step[] = [];
    for (;;) {
      const plan = planRotation(this.standing, this.nowMs, this.rules, (id) => {
        const sinceMs = this.known.get(id);
        return sinceMs === undefined ? undefined : this.monotonicMs - sinceMs;
      });
      if (plan.step === 'none') return { steps, lookAgainMs: plan.lookAgainMs };
      if (steps.push(plan.step) > 6) throw new Error(`no end of steps: ${steps.join(' ')}`);
      this.#apply(plan.step, plan.keep);
      const ids = this.standing.authorities.map(({ id }) => id);
      // The first configuration is written with the first bundle: nobody calls before.
      this.#pending.push({ ids, atMs: this.configured.size === 0 ? this.monotonicMs : this.monotonicMs + this.lagMs });
      this.#configure();
    }
  }

  /** Lets time pass up to when the leader looks again, or something is confirmed, or so long. */
  pass(lookAgainMs: number, mostMs: number): void {
    const next = this.standing.next;
    const since = next === undefined ? undefined : this.known.get(next);
    const waits = [
      lookAgainMs - this.nowMs,
      ...this.#pending.map(({ atMs }) => atMs - this.monotonicMs),
      ...(since === undefined ? [] : [since + this.rules.overlapMs - this.monotonicMs]),
      mostMs,
    ].filter((ms) => ms > 0);
    const ms = Math.min(...waits);
    this.nowMs += ms;
    this.monotonicMs += ms;
    this.#configure();
  }

  /** Another leader: it knows what is configured, and not since when. */
  newLeader(): void {
    this.known.clear();
    for (const id of this.configured.keys()) this.known.set(id, this.monotonicMs);
  }

  #configure(): void {
    const due = this.#pending.filter(({ atMs }) => atMs <= this.monotonicMs);
    this.#pending = this.#pending.filter(({ atMs }) => atMs > this.monotonicMs);
    for (const { ids } of due) {
      for (const map of [this.configured, this.known]) {
        for (const id of [...map.keys()]) if (!ids.includes(id)) map.delete(id);
        for (const id of ids) if (!map.has(id)) map.set(id, this.monotonicMs);
      }
    }
  }

  #apply(step: Step, keep: ReadonlySet<string>): void {
    const before = this.standing;
    const authorities = before.authorities.filter(({ id }) => keep.has(id));
    const kept = (id: string | undefined): string | undefined => (id !== undefined && keep.has(id) ? id : undefined);
    const earlier = [before.leaf, ...before.earlier].filter(
      (each): each is Leaf => each !== undefined && each.notAfterMs > this.nowMs,
    );
    const base = { ...before, authorities, signer: kept(before.signer), next: kept(before.next) };
    if (step === 'begin') {
      const signer = this.#authority();
      this.standing = this.#withLeaf(
        { ...base, authorities: [...authorities, signer], signer: signer.id, next: undefined, earlier },
        signer,
      );
    } else if (step === 'introduce') {
      const next = this.#authority();
      this.standing = { ...base, authorities: [...authorities, next], next: next.id };
    } else if (step === 'promote' || step === 'renew') {
      const id = step === 'promote' ? base.next : base.signer;
      const signer = authorities.find((each) => each.id === id);
      if (signer === undefined) throw new Error(`${step} without an authority`);
      const next = step === 'promote' ? undefined : base.next;
      this.standing = this.#withLeaf({ ...base, signer: signer.id, next, earlier }, signer);
    } else {
      this.standing = { ...base, earlier: earlier.filter((each) => each !== before.leaf) };
    }
  }

  #authority(): Authority {
    const { authorityLifetimeMs } = this.rules;
    return ca(
      `ca-${this.#count++}`,
      seconds(this.nowMs - Math.min(60 * minuteMs, authorityLifetimeMs / 10)),
      seconds(this.nowMs + authorityLifetimeMs),
    );
  }

  #withLeaf(standing: Standing, signer: Authority): Standing {
    const { leafLifetimeMs } = this.rules;
    const made = leaf(
      signer.id,
      seconds(this.nowMs - Math.min(60 * minuteMs, leafLifetimeMs / 10)),
      seconds(Math.min(this.nowMs + leafLifetimeMs, signer.notAfterMs)),
    );
    this.made.push(made);
    return { ...standing, leaf: made, held: undefined };
  }
}

const atRest = ({ leaf, signer }: Standing): boolean => leaf !== undefined && signer !== undefined;
const seconds = (ms: number): number => Math.floor(ms / 1000) * 1000;

/** RotationTerms as the settings allow them. */
const anyRules = fc
  .record({
    leaf: fc.integer({ min: 2, max: 400 * 24 * 60 }),
    times: fc.integer({ min: 2, max: 20 }),
    overlap: fc.double({ min: 0.001, max: 0.25, noNaN: true }),
  })
  .map(({ leaf, times, overlap }) => ({
    leafLifetimeMs: leaf * minuteMs,
    authorityLifetimeMs: leaf * times * minuteMs,
    overlapMs: Math.max(1_000, leaf * times * minuteMs * overlap),
  }));

t.test('undisturbed, leaders changing: always a valid leaf, long trusted, and old ones stay trusted', (t) => {
  let promotions = 0;
  fc.assert(
    fc.property(
      anyRules,
      fc.double({ min: 0, max: 0.05, noNaN: true }),
      fc.array(fc.double({ min: 0.05, max: 1, noNaN: true }), { minLength: 60, maxLength: 60 }),
      (rules, lag, strides) => {
        const world = new World(rules, lag * rules.authorityLifetimeMs);
        let first: string | undefined;
        let leaderSinceMs = 0;
        for (const stride of strides) {
          const before = world.standing.leaf;
          if (before !== undefined && before.notAfterMs <= world.nowMs) throw new Error('an ended leaf was served');
          const { steps, lookAgainMs } = world.settle();
          promotions += steps.filter((step) => step === 'promote').length;
          const { leaf } = world.standing;
          if (leaf === undefined || leaf.notAfterMs <= world.nowMs || leaf.notBeforeMs > world.nowMs) {
            throw new Error('no valid leaf');
          }
          first ??= leaf.issuer;
          const trustedMs = world.monotonicMs - (world.configured.get(leaf.issuer ?? '') ?? Infinity);
          if (leaf.issuer !== first && !(trustedMs >= rules.overlapMs)) throw new Error(`trusted for ${trustedMs} ms`);
          for (const old of world.made.filter(({ notAfterMs }) => notAfterMs > world.nowMs)) {
            if (!world.configured.has(old.issuer ?? '')) throw new Error('a leaf is valid and not trusted');
          }
          if (world.standing.authorities.length > 3) throw new Error('the bundle grows');
          if (steps.includes('begin') && leaf.issuer !== first) throw new Error('begun again');
          if (lookAgainMs <= world.nowMs) throw new Error('looks again at once');
          world.pass(lookAgainMs, Infinity);
          // A leader may end at any time, as long as one stays for the overlap now and then.
          if (stride > 0.5 && world.monotonicMs - leaderSinceMs > rules.authorityLifetimeMs / 2) {
            leaderSinceMs = world.monotonicMs;
            world.newLeader();
          }
        }
      },
    ),
    { numRuns: 500 },
  );
  t.ok(promotions > 500, `authorities were replaced ${promotions} times`);
  t.end();
});

t.test('whatever somebody does to Secret and date: an end of steps, and a valid leaf in the end', (t) => {
  const event = fc.oneof(
    fc.constantFrom('delete', 'no leaf', 'no signer', 'no next', 'no bundle', 'foreign leaf', 'new leader', 'pass'),
    fc.record({ jumpMs: fc.integer({ min: -5e10, max: 5e10 }) }),
  );
  fc.assert(
    fc.property(anyRules, fc.array(event, { maxLength: 40 }), (rules, events) => {
      const world = new World(rules, 1_000);
      let lookAgainMs = world.settle().lookAgainMs;
      for (const event of events) {
        const before = world.standing;
        if (typeof event !== 'string') world.nowMs += seconds(event.jumpMs);
        else if (event === 'pass') world.pass(lookAgainMs, Infinity);
        else if (event === 'new leader') world.newLeader();
        else if (event === 'no leaf') world.standing = { ...before, leaf: undefined };
        else if (event === 'no signer') world.standing = { ...before, signer: undefined };
        else if (event === 'no next') world.standing = { ...before, next: undefined };
        else if (event === 'no bundle')
          world.standing = { ...before, authorities: [], signer: undefined, next: undefined };
        else if (event === 'foreign leaf') {
          world.standing = { ...before, leaf: { issuer: undefined, notBeforeMs: 0, notAfterMs: 1e15 } };
        } else {
          const issuer = before.authorities.filter(({ id }) => id === before.leaf?.issuer);
          world.standing = { ...nothing, authorities: issuer, held: before.leaf };
        }
        lookAgainMs = world.settle().lookAgainMs;
        if (lookAgainMs <= world.nowMs) throw new Error('looks again at once');
        const { leaf, held, authorities } = world.standing;
        const served = [leaf, held].some(
          (each) =>
            each !== undefined && each.notAfterMs > world.nowMs && authorities.some(({ id }) => id === each.issuer),
        );
        if (!served) throw new Error(`nothing to serve after ${JSON.stringify(event)}`);
      }
      // Left alone, it comes to rest with a leaf in the Secret and one authority.
      for (let look = 0; look < 200 && !atRest(world.standing); look++) {
        world.pass(lookAgainMs, Infinity);
        lookAgainMs = world.settle().lookAgainMs;
      }
      return atRest(world.standing);
    }),
    { numRuns: 1_000 },
  );
  t.end();
});
