import t from 'tap';
import { readTags } from '../../../src/documents/manifest/task-tags.js';
import type { JsonObject, JsonValue } from '../../../src/model/json.js';
import { engineWith, injectText } from '../../engine/tasks.js';

t.test('W33: values that are no text count as the service writes them down', (t) => {
  const tags: JsonValue = [
    { Key: 'a', Value: 'x' },
    { Key: 'b', Value: true },
    { Key: 'c', Value: 7 },
    { Key: 'd' },
    { Key: 'e', Value: null },
    { Value: 'no key' },
    'no tag',
  ];
  t.same(readTags({ Tags: tags }, 'Tags').tags, { a: 'x', b: 'true', c: '7' });
  t.same(readTags({ TAGS: [{ KEY: 'a', Value: 'x' }] }, 'tags').tags, { a: 'x' }, 'W3: keys of a task in any case');
  t.end();
});

t.test('W33: tags that a function makes are unknown, wherever it stands', (t) => {
  const cases: readonly (readonly [JsonValue, readonly JsonObject[]])[] = [
    [[{ Key: 'a', Value: { Ref: 'X' } }], [{ tag: 'a', pointer: '/Tags/0/Value' }]],
    [[{ 'Fn::If': ['P', { Key: 'a', Value: 'x' }, { Ref: 'AWS::NoValue' }] }], [{ tag: 'a', pointer: '/Tags/0' }]],
    [
      { 'Fn::If': ['P', [{ Key: 'a', Value: 'x' }], [{ Key: 'b', Value: 'y' }]] },
      [
        { tag: 'a', pointer: '/Tags' },
        { tag: 'b', pointer: '/Tags' },
      ],
    ],
    [{ 'Fn::FindInMap': ['A', 'B', 'C'] }, [{ tag: undefined, pointer: '/Tags' }]],
    [[{ Key: { Ref: 'K' }, Value: 'x' }], [{ tag: undefined, pointer: '/Tags/0' }]],
  ];
  for (const [tags, unknown] of cases) t.same(readTags({ Tags: tags }, 'Tags').unknown, unknown, JSON.stringify(tags));
  t.end();
});

const template = (tags: string): string => `Resources:
  T:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Tags: ${tags}
      ContainerDefinitions:
        - {Name: web, Image: a/b:1, EntryPoint: [/x]}
`;
const settings = { region: 'us2', accessKeySecretArn: '/k' };

t.test('W33: an opt-out that only deployment knows is a reason, and never ignored', async (t) => {
  const every = engineWith('sysdig', settings);
  const names = [
    'outrider.dev/inject',
    'outrider.dev/containers',
    'kilt-ignore',
    'kilt-ignore-containers',
    'kilt-include-containers',
  ];
  for (const name of names) {
    for (const tags of [
      `[{Key: ${name}, Value: !Ref X}]`,
      `[!If [P, {Key: ${name}, Value: 'true'}, !Ref AWS::NoValue]]`,
    ]) {
      const { text, outcomes } = await injectText(template(tags), every);
      t.equal(text, template(tags), tags);
      t.match(outcomes[0]?.decision, { decision: 'skip', reason: 'intrinsic_unresolved' }, tags);
      t.match(outcomes[0]?.decision.detail, `the tag ${name}`);
    }
  }
  const strict = engineWith('sysdig', settings, { prefer: 'Security' });
  const open = template('[{Key: kilt-ignore, Value: !Ref X}]');
  t.match((await injectText(open, strict)).outcomes[0]?.denial, { reason: 'intrinsic_unresolved' });
  const forbids = engineWith('sysdig', settings, { optOut: 'Forbidden' });
  const there = (await injectText(open, forbids)).outcomes[0]?.decision;
  t.equal(there?.decision, 'inject', 'where opting out is forbidden, nothing hangs on it');
  t.ok(
    there?.steps.some(({ reason }) => reason === 'intrinsic_unresolved'),
    'which is said all the same',
  );
});

t.test('W33: other tags, and tags of which no key is known', async (t) => {
  const every = engineWith('sysdig', settings);
  const other = (await injectText(template('[{Key: team, Value: !Ref X}]'), every)).outcomes[0]?.decision;
  t.equal(other?.decision, 'inject');
  t.notOk(other?.steps.some(({ reason }) => reason === 'intrinsic_unresolved'));
  const whole = (await injectText(template('!FindInMap [A, B, C]'), every)).outcomes[0]?.decision;
  t.equal(whole?.decision, 'inject');
  t.ok(whole?.steps.some(({ reason }) => reason === 'intrinsic_unresolved'));
  const chosen = engineWith('sysdig', settings, {
    match: { namespaceSelector: { matchLabels: { 'outrider.dev/inject': 'enabled' } } },
  });
  const missed = (await injectText(template('[{Key: outrider.dev/inject, Value: !Ref X}]'), chosen)).outcomes[0]
    ?.decision;
  t.match(missed, { reason: 'no_policy', detail: /Tags\/0\/Value is only known at deployment/ });
});

t.test('W33: a Boolean opts out as its text does', async (t) => {
  const every = engineWith('sysdig', settings);
  for (const [tags, decision] of [
    ['[{Key: kilt-ignore, Value: true}]', 'skip'],
    ['[{Key: kilt-ignore, Value: false}]', 'inject'],
  ] as const) {
    t.equal((await injectText(template(tags), every)).outcomes[0]?.decision.decision, decision, tags);
  }
});

t.test('W33: `kilt-include-containers` alone opts in, as with the vendor’s tool', async (t) => {
  const chosen = engineWith('sysdig', settings, {
    match: { namespaceSelector: { matchLabels: { 'outrider.dev/inject': 'enabled' } } },
  });
  for (const [tags, decision] of [
    ['[{Key: kilt-include-containers, Value: web}]', 'inject'],
    ['[{Key: kilt-include-containers, Value: ""}]', 'skip'],
    ['[{Key: kilt-include-containers, Value: web}, {Key: kilt-ignore, Value: "true"}]', 'skip'],
  ] as const) {
    t.equal((await injectText(template(tags), chosen)).outcomes[0]?.decision.decision, decision, tags);
  }
});
