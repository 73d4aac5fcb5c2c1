import t from 'tap';
import { resourcesOf } from '../../../src/documents/manifest/for-each.js';
import { readManifests } from '../../../src/documents/manifest/manifest.js';
import { asJson } from '../../../src/model/json.js';
import { engineWith, injectText, undoText } from '../../engine/tasks.js';

const web = { Name: 'web', Image: 'shop/web:1', EntryPoint: ['/app'] };
const task = (properties: object) => ({ Type: 'AWS::ECS::TaskDefinition', Properties: properties });
const plain = task({ ContainerDefinitions: [web] });
const loop = (identifier: unknown, body: unknown, collection: unknown = ['a', 'b']) => [identifier, collection, body];

const read = (resources: object) => readManifests(JSON.stringify({ Resources: resources }), 'f').at(0);
const pathsIn = (resources: object): readonly string[] => read(resources)?.tasks.map(({ path }) => path) ?? [];

t.test('W21: resources are found in loops, and in loops of loops, with their identifiers', (t) => {
  const Resources = asJson({
    Queue: { Type: 'AWS::SQS::Queue' },
    'Fn::ForEach::Outer': [
      'Stage',
      { Ref: 'Stages' },
      {
        'A${Stage}': plain,
        'Fn::ForEach::Inner': ['Name', ['x'], { 'B&{Stage}&{Name}': plain }],
      },
    ],
    Last: plain,
  });
  t.same(
    resourcesOf({ Resources }).map(({ path, name, loops }) => [path, name, loops]),
    [
      ['/Resources/Queue', 'Queue', []],
      ['/Resources/Fn::ForEach::Outer/2/A${Stage}', 'A${Stage}', ['Stage']],
      ['/Resources/Fn::ForEach::Outer/2/Fn::ForEach::Inner/2/B&{Stage}&{Name}', 'B&{Stage}&{Name}', ['Stage', 'Name']],
      ['/Resources/Last', 'Last', []],
    ],
  );
  t.same(pathsIn(Resources), [
    '/Resources/Fn::ForEach::Outer/2/A${Stage}',
    '/Resources/Fn::ForEach::Outer/2/Fn::ForEach::Inner/2/B&{Stage}&{Name}',
    '/Resources/Last',
  ]);
  t.same(resourcesOf({}), []);
  t.end();
});

t.test('W21: what has not the form of a loop is none, and is named where it holds containers', (t) => {
  for (const value of [
    ['Name', ['a']],
    ['Name', ['a'], { T: plain }, 'more'],
    [7, ['a'], { T: plain }],
    ['', ['a'], { T: plain }],
    { T: plain },
  ]) {
    const found = read({ 'Fn::ForEach::L': value });
    t.same(found?.tasks, [], JSON.stringify(value));
    const holds = JSON.stringify(value).includes('EntryPoint');
    t.equal(found?.unseen.length, holds ? 1 : 0);
  }
  t.same(pathsIn({ 'Fn::ForEach::': loop('N', { T: plain }) }), [], 'a loop has a name');
  t.end();
});

t.test('W21: a task whose fields only the expansion makes is not looked at, and its neighbours are', (t) => {
  const fields = { 'Fn::ForEach::Fields': loop('Field', { '${Field}': [web] }) };
  const later: Readonly<Record<string, readonly [resource: object, path: string, detail: RegExp]>> = {
    'containers from a function': [
      task({ ContainerDefinitions: { 'Fn::FindInMap': ['Tasks', '${Name}', 'Containers'] } }),
      '/Properties/ContainerDefinitions',
      /is no list of containers but Fn::FindInMap, which is known only once CloudFormation has expanded it/,
    ],
    'containers from a branch': [
      task({ ContainerDefinitions: { 'Fn::If': ['C', [web], [web]] } }),
      '/Properties/ContainerDefinitions',
      /but Fn::If,/,
    ],
    'containers from a placeholder': [
      task({ ContainerDefinitions: '${Name}' }),
      '/Properties/ContainerDefinitions',
      /but a placeholder/,
    ],
    'no containers': [task({ Family: 'x' }), '', /has no ContainerDefinitions/],
    'fields from a loop': [task(fields), '/Properties/Fn::ForEach::Fields', /makes fields of the task by Fn::ForEach/],
    'fields of a container from a loop': [
      task({ ContainerDefinitions: [{ ...web, ...fields }] }),
      '/Properties/ContainerDefinitions/0/Fn::ForEach::Fields',
      /makes fields of the task by Fn::ForEach/,
    ],
    'containers by a loop in the list': [
      task({ ContainerDefinitions: [{ 'Fn::ForEach::Containers': loop('C', web) }] }),
      '/Properties/ContainerDefinitions/0/Fn::ForEach::Containers',
      /by Fn::ForEach/,
    ],
    'a key with the placeholder': [
      task({ ContainerDefinitions: [{ ...web, '&{Name}': ['x'] }] }),
      '/Properties/ContainerDefinitions/0/&{Name}',
      /by Fn::ForEach/,
    ],
    'properties from a loop': [
      { Type: 'AWS::ECS::TaskDefinition', 'Fn::ForEach::Rest': loop('Rest', { '${Rest}': {} }) },
      '/Fn::ForEach::Rest',
      /by Fn::ForEach/,
    ],
  };
  for (const [what, [resource, path, detail]] of Object.entries(later)) {
    const found = read({ 'Fn::ForEach::L': loop('Name', { 'T${Name}': resource, 'U${Name}': plain }) });
    t.same(
      found?.tasks.map(({ name }) => name),
      ['U${Name}'],
      what,
    );
    t.match(found?.unseen, [
      {
        path: `/Resources/Fn::ForEach::L/2/T\${Name}${path}`,
        kind: 'AWS::ECS::TaskDefinition',
        name: 'T${Name}',
        detail,
        remedy: /--template-stage Processed/,
      },
    ]);
    t.equal(found?.unseen.length, 1, what);
  }
  t.end();
});

t.test('W21: outside of a loop, fields from a loop are not looked at either, and a function stays a reason', (t) => {
  const fields = { 'Fn::ForEach::Fields': loop('Field', { '${Field}': [web] }) };
  for (const resource of [task(fields), task({ ContainerDefinitions: [{ ...web, ...fields }] })]) {
    const found = read({ T: resource });
    t.same(found?.tasks, []);
    t.match(found?.unseen, [{ name: 'T', detail: /makes fields of the task by Fn::ForEach/ }]);
  }
  t.same(pathsIn({ T: task({ ContainerDefinitions: { Ref: 'X' } }) }), ['/Resources/T']);
  const labelled = { ...web, DockerLabels: fields };
  t.same(
    pathsIn({ T: task({ ContainerDefinitions: [labelled] }) }),
    ['/Resources/T'],
    'a user’s own words are no fields',
  );
  t.end();
});

const sysdig = engineWith('sysdig', { region: 'us2', accessKeySecretArn: '/key' });
const datadog = engineWith('datadog', { accessKeySecretArn: '/key' });

t.test('W21: each form of a loop is injected, once, and given back to the byte', async (t) => {
  const body = (at: string, key: string): readonly string[] => [
    `${at}${key}:`,
    `${at}  Type: AWS::ECS::TaskDefinition # mine`,
    `${at}  Properties:`,
    `${at}    Family: !Sub "\${AWS::StackName}-\${Name}"`,
    `${at}    RequiresCompatibilities: [FARGATE]`,
    `${at}    ContainerDefinitions:`,
    `${at}      - {Name: 'app-\${Name}', Image: "shop/\${Name}:1", EntryPoint: ['/\${Name}']}`,
    `${at}      - Name: &plain log`,
    `${at}        Image: shop/log:1`,
    `${at}        EntryPoint: ["/log"]`,
    `${at}        Command: ["&{Name}", 'x']`,
  ];
  const head = ['Transform: AWS::LanguageExtensions', 'Resources:'];
  const forms: Readonly<Record<string, readonly string[]>> = {
    '${Name}': [
      ...head,
      '  Fn::ForEach::Tasks:',
      '    - Name',
      '    - [web, worker]',
      ...body('      ', 'T${Name}').map((line, at) => (at === 0 ? `    - ${line.trim()}` : line)),
    ],
    '&{Name}, a collection by Ref': [
      ...head,
      "  'Fn::ForEach::Tasks':",
      '    - Name',
      '    - !Ref Names',
      ...body('      ', '"T&{Name}"').map((line, at) => (at === 0 ? `    - ${line.trim()}` : line)),
    ],
    nested: [
      ...head,
      '  Fn::ForEach::Stages:',
      '    - Stage',
      '    - [dev, prod]',
      '    - Fn::ForEach::Tasks:',
      '        - Name',
      '        - [web]',
      ...body('          ', '${Stage}${Name}').map((line, at) => (at === 0 ? `        - ${line.trim()}` : line)),
      ...body('      ', 'Own${Stage}'),
    ],
  };
  for (const [what, lines] of Object.entries(forms)) {
    const text = `${lines.join('\n')}\n`;
    for (const engine of [sysdig, datadog]) {
      const first = await injectText(text, engine);
      t.ok(first.outcomes.length > 0, what);
      for (const { decision } of first.outcomes) t.match(decision, { decision: 'inject' }, what);
      t.match(first.text, "'/${Name}'", 'what stands there stays');
      const second = await injectText(first.text, engine);
      t.equal(second.text, first.text, `${what}: a second run changes nothing`);
      t.equal(undoText(first.text), text, `${what}: and back`);
    }
  }
});

t.test('W21: what a placeholder decides is only known at deployment', async (t) => {
  const reasonsOf = async (properties: object, container: object = {}): Promise<readonly (string | undefined)[]> => {
    const resource = task({ ...properties, ContainerDefinitions: [{ ...web, ...container }] });
    const text = JSON.stringify({ Resources: { 'Fn::ForEach::L': loop('Name', { 'T${Name}': resource }) } });
    const { outcomes } = await injectText(text, sysdig);
    return outcomes.flatMap(({ decision }) => [decision.decision, decision.reason]);
  };
  t.same(await reasonsOf({}), ['inject', 'injected']);
  t.match(await reasonsOf({ PidMode: '${Name}' }), ['skip', 'intrinsic_unresolved']);
  t.match(await reasonsOf({ Tags: [{ Key: 'kilt-ignore', Value: '${Name}' }] }), ['skip', 'intrinsic_unresolved']);
  t.match(await reasonsOf({ Tags: [{ Key: 'team', Value: '${Name}' }] }), ['inject']);
  t.match(await reasonsOf({}, { EntryPoint: [], Image: 'shop/&{Name}:1' }), ['skip', 'image_unresolved']);
  t.match(await reasonsOf({}, { EntryPoint: '${Name}' }), ['skip', 'intrinsic_unresolved']);
});

t.test('W21: an agent in a loop is referred to by the name that it will have', async (t) => {
  const agent = { Name: 'agent-${Name}', Image: 'quay.io/sysdig/workload-agent:6.3.0' };
  const resource = task({ ContainerDefinitions: [web, agent] });
  const text = JSON.stringify({ Resources: { 'Fn::ForEach::L': loop('Name', { 'T${Name}': resource }) } });
  const first = await injectText(text, sysdig);
  t.match(first.text, '"SourceContainer":{"Fn::Sub":"agent-${Name}"}');
  t.equal((await injectText(first.text, sysdig)).text, first.text);
  t.equal(undoText(first.text), text);
});
