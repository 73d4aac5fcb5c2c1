import t from 'tap';
import { readManifests } from '../../../src/documents/manifest/manifest.js';
import { findTaskUndo, keepTaskUndo, taskUndoOperations } from '../../../src/documents/undo/task-undo.js';
import { findTasks } from '../../../src/documents/manifest/task-templates.js';
import { editDocument } from '../../../src/documents/edit/edit.js';
import { OutriderError } from '../../../src/model/error.js';
import { isObject, objectOf, type JsonValue } from '../../../src/model/json.js';
import type { TaskTemplate } from '../../../src/model/task.js';

function valueOf(text: string): JsonValue | undefined {
  return readManifests(text, 'test')[0]?.value;
}

function onlyTask(text: string): TaskTemplate {
  const [task] = readManifests(text, 'test').flatMap(({ tasks }) => tasks);
  if (task === undefined) throw new Error('no task');
  return task;
}

t.test('short forms of CloudFormation read as their long forms, and the text stays', (t) => {
  const text = [
    'a: !Ref X # why',
    "b: !Sub '${A}-b'",
    'c: !GetAtt A.B.C',
    'd: !GetAtt [A, B]',
    'e: !If [P, !Ref Y, !Ref AWS::NoValue]',
    'f: !Join ["", [a, !Ref B]]',
    'g: !FindInMap [M, !Ref "AWS::Region", V]',
    'h: !ImportValue',
    '  Fn::Sub: x-${Y}',
    'i: !Condition C',
    'j: !Ref 123',
    'k: !Sub',
    '  - "${A}"',
    '  - {A: !Ref B}',
    'l: !GetAtt A',
    'm: !Cidr [!Ref R, 4, 8]',
    'other: !Unknown text',
    'o: &anchor !Ref Z',
    'p: *anchor',
    'q: !Base64 |',
    '  #!/bin/sh',
    'r: !Sub',
    '',
  ].join('\n');
  t.same(valueOf(text), {
    a: { Ref: 'X' },
    b: { 'Fn::Sub': '${A}-b' },
    c: { 'Fn::GetAtt': ['A', 'B.C'] },
    d: { 'Fn::GetAtt': ['A', 'B'] },
    e: { 'Fn::If': ['P', { Ref: 'Y' }, { Ref: 'AWS::NoValue' }] },
    f: { 'Fn::Join': ['', ['a', { Ref: 'B' }]] },
    g: { 'Fn::FindInMap': ['M', { Ref: 'AWS::Region' }, 'V'] },
    h: { 'Fn::ImportValue': { 'Fn::Sub': 'x-${Y}' } },
    i: { Condition: 'C' },
    j: { Ref: '123' },
    k: { 'Fn::Sub': ['${A}', { A: { Ref: 'B' } }] },
    l: { 'Fn::GetAtt': ['A'] },
    m: { 'Fn::Cidr': [{ Ref: 'R' }, 4, 8] },
    other: 'text',
    o: { Ref: 'Z' },
    p: { Ref: 'Z' },
    q: { 'Fn::Base64': '#!/bin/sh\n' },
    r: { 'Fn::Sub': '' },
  });
  const edited = editDocument(text, [{ op: 'add', path: '/z', value: [{ Ref: 'A' }] }]);
  t.ok(edited.startsWith(text.trimEnd()), 'nothing but the end changes');
  t.same(objectOf(valueOf(edited))?.['z'], [{ Ref: 'A' }]);
  const into = (): string => editDocument(text, [{ op: 'add', path: '/e/Fn::If/3', value: 'x' }]);
  t.throws(into, { code: 'internal' }, 'nothing is written into a function');
  t.end();
});

t.test('tasks are recognised by content, in the order of the document', (t) => {
  const kinds = (text: string): readonly string[] =>
    readManifests(text, 'test').flatMap(({ tasks }) =>
      tasks.map(({ format, path, name }) => `${format} ${path} ${name ?? '-'}`),
    );
  t.same(kinds('{"family":"f","containerDefinitions":[]}'), ['ecs  f']);
  t.same(kinds('{"taskDefinition":{"family":"f","containerDefinitions":[]},"tags":[]}'), ['ecs /taskDefinition f']);
  t.same(kinds('{"AWSEBDockerrunVersion":2,"containerDefinitions":[]}'), ['dockerrun  -']);
  const template =
    'Resources:\n  "a/b": {Type: "AWS::ECS::TaskDefinition"}\n  S: {Type: "AWS::ECS::Service"}\n  c: {Type: "AWS::ECS::TaskDefinition", Properties: {}}\n';
  t.same(kinds(template), ['cloudformation /Resources/a~1b a/b', 'cloudformation /Resources/c c']);
  for (const none of [
    '{}',
    '[]',
    'null',
    '"x"',
    '{"containerDefinitions":{}}',
    '{"taskDefinition":"arn"}',
    'apiVersion: v1\nkind: Pod\ncontainerDefinitions: []\n',
    '{"Resources":[]}',
  ]) {
    t.same(kinds(none), [], none);
  }
  t.end();
});

t.test('tags: text only, of the wrapper too', (t) => {
  const task = onlyTask(
    '{"taskDefinition":{"containerDefinitions":[],"tags":[{"key":"a","value":"1"}]},"tags":[{"key":"a","value":"2"},{"key":"b"},{"value":"x"},7]}',
  );
  t.same(task.tags, { a: '2' });
  const template = onlyTask(
    'Resources: {T: {Type: "AWS::ECS::TaskDefinition", Properties: {Tags: [{Key: k, Value: v}, {Key: r, Value: !Ref X}, !Ref Y]}}}',
  );
  t.same(template.tags, { k: 'v' });
  t.end();
});

t.test('other versions of Dockerrun are refused, each for what it is', (t) => {
  for (const [version, said] of [
    ['1', /single container/],
    ['3', /Compose/],
    ['2', /number 2, without quotes/],
    ['9', /none that is known/],
  ] as const) {
    const found = findTasks({ AWSEBDockerrunVersion: version });
    t.match('message' in found ? found.message : '', said);
    t.throws(() => readManifests(JSON.stringify({ AWSEBDockerrunVersion: version }), 'f.json'), {
      code: 'manifest_invalid',
      message: /^f\.json:1:26: at \/AWSEBDockerrunVersion: /,
    });
  }
  t.end();
});

t.test('a line that nests or indents without end is refused before the parser sees it', (t) => {
  const refused = { code: 'manifest_invalid', message: /more than 512 columns/ };
  for (const line of [
    '- '.repeat(50_000),
    `${'? '.repeat(20_000)}a`,
    `a:\n${' '.repeat(100_000)}b: c`,
    `x: 1\n${'-\t'.repeat(300)}y`,
  ]) {
    t.throws(() => readManifests(`first: 1\n---\n${line}\n`, 'f'), refused);
  }
  t.throws(() => readManifests(`a: 1\nb:\n${' '.repeat(600)}c: 1\n`, 'f'), { message: /^f:3:1:/ }, 'with its line');
  const rule = `a: |\n  ${'-'.repeat(2_000)}\n  ${'='.repeat(2_000)}\n`;
  t.ok(isObject(readManifests(rule, 'f')[0]?.value), 'a long rule of dashes is text');
  const deep = JSON.stringify({ a: [1] }, undefined, 2).replaceAll('\n', `\n${' '.repeat(600)}`);
  t.same(readManifests(deep, 'f')[0]?.value, { a: [1] }, 'JSON is not for that parser');
  t.end();
});

t.test('undo: in the agent’s labels, in the resource’s Metadata, outside a Dockerrun', (t) => {
  const ecs = onlyTask('{"containerDefinitions":[{"name":"a"}]}');
  const patch = [{ op: 'add', path: '/containerDefinitions/1', value: { name: 'agent' } }] as const;
  const kept = keepTaskUndo(ecs, patch, '/containerDefinitions/1');
  t.same(kept.at(-1)?.path, '/containerDefinitions/1/dockerLabels/outrider.dev~1undo');
  t.same(keepTaskUndo(ecs, [], '/containerDefinitions/1'), [], 'nothing for nothing');
  const dockerrun = onlyTask('{"AWSEBDockerrunVersion":2,"containerDefinitions":[{"name":"a"}]}');
  t.same(keepTaskUndo(dockerrun, patch, '/containerDefinitions/1'), patch);
  t.same(taskUndoOperations(dockerrun), [], 'without a record there is nothing to do');
  t.end();
});

t.test('undo: a task definition that ECS gave back with its defaults filled in', (t) => {
  const source = '{"family":"f","containerDefinitions":[{"name":"a","environment":[]}]}';
  const patch = [
    { op: 'add', path: '/containerDefinitions/0/environment/0', value: { name: 'X', value: '1' } },
    { op: 'add', path: '/containerDefinitions/1', value: { name: 'agent', essential: false } },
  ] as const;
  const text = editDocument(source, keepTaskUndo(onlyTask(source), patch, '/containerDefinitions/1'));
  const described = text
    .replace('"name":"agent"', '"name":"agent","cpu":0,"portMappings":[],"mountPoints":[]')
    .replace('"name":"a"', '"name":"a","cpu":0');
  const task = onlyTask(described);
  t.ok(findTaskUndo(task));
  t.same(valueOf(editDocument(described, taskUndoOperations(task))), {
    family: 'f',
    containerDefinitions: [{ name: 'a', cpu: 0, environment: [] }],
  });
  const edited = onlyTask(described.replace('"essential":false', '"essential":true'));
  t.throws(() => taskUndoOperations(edited), { code: 'undo_stale' }, 'another value is an edit');
  const more = onlyTask(described.replace('"cpu":0,"portMappings"', '"cpu":64,"portMappings"'));
  t.throws(() => taskUndoOperations(more), { code: 'undo_stale' }, 'and so is something of one’s own');
  t.end();
});

t.test('undo: a second injection keeps the first one’s record', (t) => {
  const source = '{"containerDefinitions":[{"name":"a"}]}';
  const agent = '/containerDefinitions/1';
  const first = editDocument(
    source,
    keepTaskUndo(onlyTask(source), [{ op: 'add', path: agent, value: { name: 'x' } }], agent),
  );
  const addition = [{ op: 'add', path: '/containerDefinitions/0/entryPoint', value: ['y'] }] as const;
  const second = editDocument(first, keepTaskUndo(onlyTask(first), addition, agent));
  t.same(valueOf(editDocument(second, taskUndoOperations(onlyTask(second)))), JSON.parse(source));
  const broken = onlyTask(first.replace('{\\"v\\":1', '{\\"v\\":9'));
  t.throws(() => keepTaskUndo(broken, addition, agent), OutriderError);
  t.throws(() => taskUndoOperations(broken), { code: 'undo_stale' });
  t.end();
});
