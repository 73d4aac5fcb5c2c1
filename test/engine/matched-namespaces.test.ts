import t from 'tap';
import { parseConfiguration } from '../../src/documents/configuration/configuration.js';
import { configure } from '../../src/engine/configure.js';
import { matchNamespaces } from '../../src/engine/matched-namespaces.js';
import { names } from '../../src/model/names.js';

function rulesOf(specs: Readonly<Record<string, object>>) {
  const text = Object.entries(specs)
    .map(([name, spec]) =>
      JSON.stringify({
        apiVersion: 'outrider.dev/v1alpha1',
        kind: 'InstrumentationPolicy',
        metadata: { name },
        spec: { profile: { name: 'sysdig', settings: { region: 'us2' } }, ...spec },
      }),
    )
    .join('\n---\n');
  return configure(parseConfiguration([{ name: 'policies.yaml', text }])).rules;
}

const rules = rulesOf({
  everybody: {},
  shops: { precedence: 5, match: { namespaceSelector: { matchLabels: { team: 'shop' } } } },
  canaries: {
    precedence: 9,
    match: {
      namespaceSelector: { matchLabels: { team: 'shop' } },
      podSelector: { matchLabels: { track: 'canary' } },
    },
  },
  nobody: { match: { namespaceSelector: { matchLabels: { team: 'nobody' } } } },
  outranked: { match: { namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'Exists' }] } } },
  broken: { precedence: 99, profile: { name: 'none' } },
  byname: { precedence: 3, match: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'named' } } } },
});

t.test('which policies win in a namespace, in their order, up to the one for all pods', (t) => {
  const { namespaces, unmatched, outranked } = matchNamespaces(
    rules,
    new Map([
      ['store', { team: 'shop' }],
      ['named', {}],
      ['plain', {}],
    ]),
    new Set(),
  );
  t.same(
    namespaces.map(({ name, policies }) => [name, policies.map(({ policy, pods }) => `${policy.name}: ${pods}`)]),
    [
      ['store', ['canaries: some', 'shops: all']],
      ['named', ['byname: all']],
      ['plain', ['everybody: all']],
    ],
  );
  t.same(
    unmatched.filter((name) => name !== 'broken'),
    ['nobody'],
  );
  t.same(outranked, ['outranked']);
  t.same(namespaces[0]?.policies[0]?.rule.recipe.capabilities, ['SYS_PTRACE']);
  t.end();
});

t.test('E35: excluded, opted out, wrongly labelled, forbidden to opt out', (t) => {
  const strict = rulesOf({ forbids: { optOut: 'Forbidden' } });
  const off = rulesOf({ off: { mode: 'Off' } });
  const spaces = new Map([
    ['kube-system', {}],
    ['out', { [names.inject]: 'disabled' }],
    ['typo', { [names.inject]: 'yes' }],
    ['in', { [names.inject]: 'enabled' }],
  ]);
  const stops = (given: typeof rules) =>
    matchNamespaces(given, spaces, new Set(['kube-system'])).namespaces.map(({ policies: [first] }) => [
      first?.stop?.reason,
      first?.optOutIgnored,
    ]);
  t.same(stops(rulesOf({ everybody: {} })), [
    ['namespace_excluded', false],
    ['namespace_opted_out', false],
    ['inject_label_invalid', false],
    [undefined, false],
  ]);
  t.same(stops(strict)[1], [undefined, true]);
  t.same(stops(off)[3], ['policy_off', false]);
  t.end();
});
