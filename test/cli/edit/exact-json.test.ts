import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { exactJson } from '../../../src/cli/edit/exact-json.js';
import { readManifests } from '../../../src/documents/manifest/manifest.js';
import { parsedJson } from '../../../src/model/json.js';
import { workplace } from '../harness.js';

const fixture = readFileSync(new URL('../../../../test/fixtures/tasks/json-intrinsics.yaml', import.meta.url), 'utf8');

function jsonOf(text: string): unknown {
  return parsedJson(exactJson(text)[0] ?? '');
}

t.test('W26: a template in YAML comes out as JSON with its functions in the long form', async (t) => {
  const place = await workplace(t, { 't.yaml': fixture });
  for (const profile of ['sysdig', 'datadog']) {
    const region = profile === 'sysdig' ? ['--set', 'region=us2'] : [];
    const argv = ['inject', '-f', 't.yaml', '--profile', profile, ...region, '--no-lookup'];
    const { stdout } = await place.outrider([...argv, '-o', 'json']);
    t.match(parsedJson(stdout), {
      Resources: {
        T: {
          Properties: {
            Family: { 'Fn::Sub': '${AWS::StackName}-web' },
            TaskRoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
            ContainerDefinitions: [{ Image: { Ref: 'WebImage' } }, {}],
          },
        },
      },
    });
    const yaml = await place.outrider(argv);
    const [document] = readManifests(yaml.stdout, 'out');
    t.same(parsedJson(stdout), document?.value, 'the same data as in YAML');
  }
});

t.test('W26: each function, over texts, lists, mappings and one another', (t) => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['!Ref A', { Ref: 'A' }],
    ['!Condition A', { Condition: 'A' }],
    ['!GetAtt A.B', { 'Fn::GetAtt': ['A', 'B'] }],
    ['!GetAtt A.Outputs.B', { 'Fn::GetAtt': ['A', 'Outputs.B'] }],
    ['!GetAtt [A, B]', { 'Fn::GetAtt': ['A', 'B'] }],
    ['!GetAtt [A, !Ref B]', { 'Fn::GetAtt': ['A', { Ref: 'B' }] }],
    ["!Sub '${A}'", { 'Fn::Sub': '${A}' }],
    ['!Sub ["${A}", {A: !Ref B}]', { 'Fn::Sub': ['${A}', { A: { Ref: 'B' } }] }],
    ['!Join [",", [a, !GetAtt B.C]]', { 'Fn::Join': [',', ['a', { 'Fn::GetAtt': ['B', 'C'] }]] }],
    ['!If [P, !Ref A, !Ref AWS::NoValue]', { 'Fn::If': ['P', { Ref: 'A' }, { Ref: 'AWS::NoValue' }] }],
    ['!ImportValue {Fn::Sub: "${A}-x"}', { 'Fn::ImportValue': { 'Fn::Sub': '${A}-x' } }],
    ['!Select [0, !GetAZs ""]', { 'Fn::Select': [0, { 'Fn::GetAZs': '' }] }],
    ['!GetAZs', { 'Fn::GetAZs': '' }],
    ['!Base64 |\n  #!/bin/sh\n  x', { 'Fn::Base64': '#!/bin/sh\nx\n' }],
    [
      '!Transform {Name: AWS::Include, Parameters: {Location: s3}}',
      { 'Fn::Transform': { Name: 'AWS::Include', Parameters: { Location: 's3' } } },
    ],
    ['!Contains [[a], !Ref B]', { 'Fn::Contains': [['a'], { Ref: 'B' }] }],
    ['!RefAll AWS::EC2::VPC::Id', { 'Fn::RefAll': 'AWS::EC2::VPC::Id' }],
  ];
  for (const [yaml, json] of cases) t.same(jsonOf(`X: ${yaml}\n`), { X: json }, yaml);
  t.same(jsonOf('A: &a !Ref B\nC: *a\n'), { A: { Ref: 'B' }, C: { Ref: 'B' } }, 'through an alias');
  t.equal(exactJson('X: !Select [12345678901234567890, !Ref L]\n')[0]?.includes('12345678901234567890'), true);
  t.end();
});

t.test('W26: property: JSON says what YAML said, whatever stands in what', (t) => {
  const leaf = fc.oneof(
    fc.constantFrom(
      '!Ref A',
      '!GetAtt A.B',
      '!Sub "${A}-${B}"',
      '!ImportValue x',
      '"text"',
      '7',
      'true',
      'null',
      '!GetAZs',
    ),
  );
  const { node } = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('node'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
      fc
        .array(tie('node'), { maxLength: 3 })
        .map((items) => `{${items.map((item, at) => `k${at}: ${item}`).join(', ')}}`),
      fc
        .tuple(
          fc.constantFrom('If', 'Join', 'Select', 'Equals', 'FindInMap'),
          fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
        )
        .map(([name, items]) => `!${name} [${items.join(', ')}]`),
    ),
  }));
  fc.assert(
    fc.property(node, (text) => {
      const yaml = `X: ${text}\n`;
      const [document] = readManifests(yaml, 'x');
      return JSON.stringify(jsonOf(yaml)) === JSON.stringify(document?.value);
    }),
    { numRuns: 400 },
  );
  t.end();
});
