import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { choosePolicy } from '../../src/policy/choose.js';
import { invalidPolicy, rankPolicies, type RankedPolicy } from '../../src/policy/compile.js';
import { compiled } from './make.js';

const team = (value: string) => ({ namespaceSelector: { matchLabels: { team: value } } });

const arbitraryPolicy: fc.Arbitrary<RankedPolicy> = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    precedence: fc.integer({ min: -1, max: 1 }),
    team: fc.constantFrom(undefined, 'x', 'y'),
    app: fc.constantFrom(undefined, 'x', 'y'),
    mode: fc.constantFrom('Off', 'Report', 'Inject'),
    valid: fc.boolean(),
  })
  .map(({ name, precedence, team, app, mode, valid }) => {
    const namespaceSelector = team === undefined ? {} : { matchLabels: { team } };
    const podSelector = app === undefined ? {} : { matchLabels: { app } };
    return valid
      ? compiled(name, { precedence, mode, match: { namespaceSelector, podSelector } })
      : invalidPolicy(
          { name, precedence, prefer: 'Security', mode: 'Inject', namespaceSelector, podSelector },
          'broken',
        );
  });
const arbitraryPolicies = fc.uniqueArray(arbitraryPolicy, { selector: (policy) => policy.name, maxLength: 6 });
const arbitraryValue = fc.constantFrom('x', 'y', 'z');

t.test('the highest precedence wins, then the first by name, whatever the mode', (t) => {
  const policies = rankPolicies([
    compiled('b', { precedence: 5 }),
    compiled('a', { precedence: 5, mode: 'Off' }),
    compiled('z', { precedence: 9, match: team('y') }),
    compiled('c', { precedence: 10, match: { podSelector: { matchLabels: { app: 'y' } } } }),
    compiled('low'),
  ]);
  t.strictSame(
    policies.ranked.map(({ name }) => name),
    ['c', 'z', 'a', 'b', 'low'],
  );
  t.equal(choosePolicy(policies, { team: 'x' }, {}, false).winner?.name, 'a');
  t.equal(choosePolicy(policies, { team: 'y' }, {}, false).winner?.name, 'z');
  t.equal(choosePolicy(policies, { team: 'y' }, { app: 'y' }, false).winner?.name, 'c');
  t.equal(choosePolicy(rankPolicies([]), {}, {}, false).winner, undefined);
  t.end();
});

t.test('a trace has a step for each policy; without one there are no steps', (t) => {
  const policies = rankPolicies([
    compiled('web', { precedence: 2, match: { podSelector: { matchLabels: { app: 'web' } } } }),
    compiled('team-y', { precedence: 3, match: team('y') }),
    compiled('default'),
    compiled('fallback', { precedence: -1 }),
  ]);
  t.strictSame(choosePolicy(policies, { team: 'x' }, {}, true).steps, [
    { subject: 'policy team-y', result: 'note', detail: 'namespaceSelector does not match' },
    { subject: 'policy web', result: 'note', detail: 'podSelector does not match' },
    { subject: 'policy default', result: 'pass', detail: 'matches and wins, precedence 0' },
    { subject: 'policy fallback', result: 'note', detail: 'matches, precedence -1; default wins' },
  ]);
  t.strictSame(choosePolicy(policies, { team: 'x' }, {}, false).steps, []);
  t.end();
});

t.test('laws of choosing', (t) => {
  fc.assert(
    fc.property(arbitraryPolicies, arbitraryValue, arbitraryValue, (policies, team, app) => {
      const { winner } = choosePolicy(rankPolicies(policies), { team }, { app }, false);
      const matching = policies.filter((policy) => policy.matchesNamespace({ team }) && policy.matchesPod({ app }));
      assert.equal(winner === undefined, matching.length === 0, 'there is a winner exactly when a policy matches');
      for (const other of matching) {
        if (winner === undefined || other === winner) continue;
        const ahead =
          winner.precedence > other.precedence || (winner.precedence === other.precedence && winner.name < other.name);
        assert.ok(ahead, 'the winner is ahead of each other policy that matches, so there is exactly one');
      }
      const traced = choosePolicy(rankPolicies(policies), { team }, { app }, true);
      assert.equal(traced.winner, winner, 'a trace changes nothing');
      assert.equal(traced.steps.length, policies.length);
      assert.equal(traced.steps.filter(({ result }) => result === 'pass').length, winner === undefined ? 0 : 1);
    }),
  );
  fc.assert(
    fc.property(
      arbitraryPolicies.chain((policies) => fc.tuple(fc.constant(policies), shuffled(policies))),
      arbitraryValue,
      ([policies, other], team) => {
        assert.deepEqual(rankPolicies(other).ranked, rankPolicies(policies).ranked);
        assert.equal(
          choosePolicy(rankPolicies(other), { team }, {}, false).winner,
          choosePolicy(rankPolicies(policies), { team }, {}, false).winner,
          'the order of the list does not matter',
        );
      },
    ),
  );
  t.end();
});

function shuffled<T>(items: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });
}
