import fc from 'fast-check';
import t from 'tap';
import { fitAmount, isWithinRatio, type Need } from '../../../../src/inject/pod/fit/amount.js';
import type { ContainerBounds } from '../../../../src/model/namespace-limits.js';
import { parseQuantity } from '../../../../src/model/quantity.js';

const of = (text: string): bigint => parseQuantity(text) ?? -1n;
const need = (given: Partial<Need> = {}): Need => ({
  planned: { request: of('100m'), limit: undefined },
  least: of('100m'),
  standIn: of('500m'),
  freeRequest: 0n,
  equal: false,
  namesRequest: false,
  namesLimit: false,
  ...given,
});
const both = (request: string, limit: string) => ({ request: of(request), limit: of(limit) });

t.test('F21: an amount is left as it is where nothing is asked', (t) => {
  t.same(fitAmount('cpu', need()), { request: of('100m'), limit: undefined });
  t.end();
});

t.test('F21: amounts are raised to the least and lowered to the most, never below what is needed', (t) => {
  const wide = need({ planned: both('100m', '1') });
  t.same(fitAmount('cpu', wide, { min: of('200m') }), both('200m', '1'));
  t.same(fitAmount('cpu', wide, { min: of('2') }), both('2', '2'));
  t.same(fitAmount('cpu', wide, { max: of('300m') }), both('100m', '300m'));
  t.same(fitAmount('cpu', wide, { max: of('100m') }), both('100m', '100m'));
  t.match(fitAmount('cpu', wide, { max: of('99m') }), { misfit: 'may have 99m of cpu at most, and it needs 100m' });
  t.match(fitAmount('cpu', wide, { max: of('200m'), min: of('300m') }), { misfit: 'another LimitRange asks for 300m' });
  t.end();
});

t.test('F21: a limit is named where one is demanded: the namespace’s default, or a usual one, but enough', (t) => {
  t.same(fitAmount('cpu', need({ namesLimit: true })), both('100m', '500m'));
  t.same(fitAmount('cpu', need(), { max: of('300m') }), both('100m', '300m'));
  t.same(fitAmount('cpu', need(), { defaultLimit: of('250m') }), both('100m', '250m'));
  t.same(fitAmount('cpu', need(), { defaultLimit: of('50m') }), both('100m', '100m'), 'LimitRanger would give 50m');
  const nothing = need({ planned: { request: undefined, limit: undefined }, standIn: undefined, least: undefined });
  t.same(fitAmount('ephemeral-storage', nothing, { min: of('1Gi') }), { request: of('1Gi'), limit: undefined });
  t.end();
});

t.test(
  'F21: for a ratio the request is raised while that is free, then the limit lowered, then the request raised',
  (t) => {
    const step = need({ planned: both('10m', '500m'), least: of('10m'), freeRequest: of('100m') });
    t.same(fitAmount('cpu', step, { ratio: of('5') }), both('100m', '500m'));
    t.same(fitAmount('cpu', step, { ratio: of('4') }), both('100m', '400m'));
    t.same(
      fitAmount('cpu', need({ planned: both('100m', '1'), least: of('600m') }), { ratio: of('4') }),
      both('150m', '600m'),
    );
    t.same(fitAmount('cpu', need({ planned: both('100m', '1') }), { ratio: of('1') }), both('100m', '100m'));
    t.end();
  },
);

t.test(
  'F21: whatever is asked, an amount that fits passes LimitRanger, is enough, and is equal where it has to be',
  (t) => {
    const milli = fc.integer({ min: 1, max: 5_000 }).map((value) => BigInt(value) * 1_000_000n);
    const maybe = fc.option(milli, { nil: undefined });
    const ratio = fc.option(
      fc.integer({ min: 1_000, max: 20_000 }).map((value) => BigInt(value) * 1_000_000n),
      { nil: undefined },
    );
    const property = fc.property(
      fc.record({ min: maybe, max: maybe, ratio, defaultLimit: maybe, defaultRequest: maybe }),
      fc.record({
        limit: maybe,
        request: milli,
        least: milli,
        freeRequest: milli,
        equal: fc.boolean(),
        namesLimit: fc.boolean(),
      }),
      (asked, { limit, request, least, freeRequest, equal, namesLimit }) => {
        const bounds: ContainerBounds = Object.fromEntries(
          Object.entries(asked).filter(([, value]) => value !== undefined),
        );
        const planned =
          limit === undefined
            ? { request, limit }
            : { request: equal || request > limit ? limit : request, limit: limit };
        const enough = limit !== undefined && limit < least ? limit : least;
        const fitted = fitAmount(
          'cpu',
          need({ planned, least: enough, freeRequest, equal: equal && limit !== undefined, namesLimit }),
          bounds,
        );
        if ('misfit' in fitted) {
          const floor = bounds.min !== undefined && bounds.min > enough ? bounds.min : enough;
          return bounds.max !== undefined && bounds.max < floor;
        }
        const { request: asks, limit: most } = fitted;
        if (asks === undefined) return false;
        const least_ = bounds.min ?? 0n;
        const holds =
          asks >= least_ &&
          (bounds.max === undefined || (most !== undefined && most <= bounds.max)) &&
          (bounds.ratio === undefined || (most !== undefined && isWithinRatio('cpu', asks, most, bounds.ratio))) &&
          (!namesLimit || most !== undefined);
        if (most === undefined) return holds;
        return (
          holds &&
          asks <= most &&
          most >= least_ &&
          most >= enough &&
          (!(equal && limit !== undefined) || asks === most)
        );
      },
    );
    fc.assert(property, { numRuns: 5_000 });
    t.end();
  },
);
