import fc from 'fast-check';
import jsonpatch from 'fast-json-patch';
import { applyPatch } from 'rfc6902';
import t from 'tap';
import { readManifests } from '../../../src/documents/manifest/manifest.js';
import { diffTexts } from '../../../src/cli/text/diff.js';
import { editDocument } from '../../../src/documents/edit/edit.js';
import type { JsonValue } from '../../../src/model/json.js';
import { cloneOperation, type Operation } from '../../../src/model/patch.js';
import { draws, jsonObject, operationOn, writing, Writer, type Draw } from '../generated.js';

function plan(start: JsonValue, drawn: readonly Draw[]): { operations: Operation[]; result: JsonValue } {
  const operations: Operation[] = [];
  let result = start;
  for (const draw of drawn) {
    const operation = operationOn(result, draw);
    if (operation === undefined) continue;
    operations.push(operation);
    result = jsonpatch.applyPatch<JsonValue>(result, [cloneOperation(operation)], true, false).newDocument;
  }
  return { operations, result };
}

function valueOf(text: string): JsonValue | undefined {
  return readManifests(text, 'generated')[0]?.value;
}

function attempt(text: string, operations: readonly Operation[]): string {
  try {
    return editDocument(text, operations);
  } catch (error) {
    throw new Error(`cannot apply ${JSON.stringify(operations)} to\n${text}`, { cause: error });
  }
}

t.test('property: an edited YAML document reads as two patch libraries say', (t) => {
  fc.assert(
    fc.property(jsonObject, writing, draws, (value, how, drawn) => {
      const text = new Writer(how).document(value);
      const { operations, result } = plan(value, drawn);
      const edited = attempt(text, operations);
      const second = structuredClone(value);
      const errors = applyPatch(second, operations.map(cloneOperation));
      if (errors.some((error) => error !== null)) throw new Error('the second library refuses the patch');
      t.strictSame(second, result);
      if (JSON.stringify(valueOf(edited)) !== JSON.stringify(result)) throw new Error(`reads differently:\n${edited}`);
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test('the operations stay as they were given, also where a later one changes what an earlier one added', (t) => {
  const operations: readonly Operation[] = [
    { op: 'add', path: '/list', value: ['one', 'one', { a: [] }] },
    { op: 'remove', path: '/list/0' },
    { op: 'add', path: '/list/1/a/0', value: 1 },
  ];
  const before = JSON.stringify(operations);
  for (const text of ['b: 1\n', '{"b": 1}', '{b: 1}\n']) {
    t.strictSame(valueOf(editDocument(text, operations)), { b: 1, list: ['one', { a: [1] }] });
    t.equal(JSON.stringify(operations), before, text);
  }
  t.end();
});

t.test('property: an edited JSON document stays JSON, and keeps its layout', (t) => {
  const indents = fc.constantFrom<(string | number)[]>(0, 2, 4, '\t');
  fc.assert(
    fc.property(jsonObject, indents, draws, (value, indent, drawn) => {
      const { operations, result } = plan(value, drawn);
      const edited = attempt(`${JSON.stringify(value, null, indent)}\n`, operations);
      if (JSON.stringify(JSON.parse(edited)) !== JSON.stringify(result))
        throw new Error(`reads differently:\n${edited}`);
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test('property: what is added to block collections leaves every line that was there', (t) => {
  fc.assert(
    fc.property(jsonObject, writing, draws, (value, how, drawn) => {
      const text = new Writer({ ...how, flow: 0, finalNewline: true }).document(value);
      let current = text;
      for (const draw of drawn) {
        const now = valueOf(current) ?? null;
        const operation = operationOn(now, { ...draw, kind: 'add' });
        if (operation?.op !== 'add') continue;
        const [before, after] = [now, plan(now, [{ ...draw, kind: 'add' }]).result];
        // A key that is there is replaced, and an empty collection is written again.
        if (countOf(after) !== countOf(before) + countOf(operation.value) || hasEmpty(before)) continue;
        const edited = attempt(current, [operation]);
        // The first member of a list in a list shares its line with the dash of the outer one, and may lose that dash.
        const [old, fresh] = [current, edited].map((each) => each.replaceAll(/^[ -]*/gm, ''));
        const removed = diffTexts(old ?? '', fresh ?? '').flatMap(({ lines }) =>
          lines.filter(({ kind, text }) => kind === 'removed' && text.trim() !== ''),
        );
        if (removed.length > 0)
          throw new Error(`${JSON.stringify(operation)} took lines off\n${current}\n->\n${edited}`);
        current = edited;
      }
    }),
    { numRuns: 200 },
  );
  t.end();
});

function countOf(value: JsonValue | undefined): number {
  return (
    1 +
    Object.values(typeof value === 'object' && value !== null ? value : {}).reduce<number>(
      (sum, each) => sum + countOf(each),
      0,
    )
  );
}

function hasEmpty(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const inner = Object.values(value) as JsonValue[];
  return inner.length === 0 || inner.some(hasEmpty);
}

const cases: readonly { name: string; before: string; operations: Operation[]; after: string }[] = [
  {
    name: 'E30: big integers, odd spacing and comments around a change stay',
    before:
      'spec:   # s\n  big: 12345678901234567890123\n  n:  0x1F   # hex\n  containers:\n  # web\n  - name: "a"   # first\n    image: b\n',
    operations: [
      { op: 'add', path: '/spec/containers/0', value: { name: 'new', args: ['yes', '1e3', '0o17', 'null'] } },
    ],
    after:
      'spec:   # s\n  big: 12345678901234567890123\n  n:  0x1F   # hex\n  containers:\n  - name: new\n    args:\n    - "yes"\n    - "1e3"\n    - "0o17"\n    - "null"\n  # web\n  - name: "a"   # first\n    image: b\n',
  },
  {
    name: 'a missing parent is made below the last key, before comments that follow',
    before: 'metadata:\n    name: a # n\n    # after\nspec: {}\n',
    operations: [{ op: 'add', path: '/metadata/annotations', value: { 'a/b': 'on' } }],
    after: 'metadata:\n    name: a # n\n    annotations:\n        a/b: "on"\n    # after\nspec: {}\n',
  },
  {
    name: 'a flow list keeps its quotes',
    before: 'command: ["/app", "serve"] # c\r\n',
    operations: [{ op: 'add', path: '/command/0', value: '/opt/instrument' }],
    after: 'command: ["/opt/instrument", "/app", "serve"] # c\r\n',
  },
  {
    name: 'an empty list becomes a block list and its comment stays',
    before: 'volumes: [] # none\nz: 1',
    operations: [{ op: 'add', path: '/volumes/0', value: { name: 'v' } }],
    after: 'volumes: # none\n  - name: v\nz: 1',
  },
  {
    name: 'W14: comments on, in and behind an empty list stay',
    before: 'a: # beside\r\n  # above\r\n  [ # in\r\n  ] # behind\r\nb: [ # in\r\n  # alone\r\n ]\r\n',
    operations: [
      { op: 'add', path: '/a/0', value: 'one' },
      { op: 'add', path: '/b/-', value: { c: 1, d: 2 } },
    ],
    after:
      'a: # beside\r\n  # above\r\n  # in\r\n  # behind\r\n  - one\r\nb:\r\n  # in\r\n  # alone\r\n  - c: 1\r\n    d: 2\r\n',
  },
  {
    name: 'an alias that is edited is written out',
    before: 'a: &x {k: 1}\nb: *x\n',
    operations: [{ op: 'add', path: '/b/j', value: 2 }],
    after: 'a: &x {k: 1}\nb:\n  k: 1\n  j: 2\n',
  },
  {
    name: 'an anchor that is edited does not change its aliases',
    before: 'a: &x\n  k: 1\nb: *x\nc:\n  <<: *x\n  l: 3\n',
    operations: [{ op: 'add', path: '/a/j', value: 2 }],
    after: 'a: &x\n  k: 1\n  j: 2\nb:\n  k: 1\nc:\n  k: 1\n  l: 3\n',
  },
  {
    name: 'tabbed JSON',
    before: '{\n\t"a": [\n\t\t1\n\t],\n\t"big": 9007199254740993\n}\n',
    operations: [{ op: 'add', path: '/a/-', value: { b: [] } }],
    after: '{\n\t"a": [\n\t\t1,\n\t\t{\n\t\t\t"b": []\n\t\t}\n\t],\n\t"big": 9007199254740993\n}\n',
  },
];

for (const { name, before, operations, after } of cases) {
  t.test(name, (t) => {
    t.equal(editDocument(before, operations), after);
    t.end();
  });
}

t.test('operations that do not fit are refused', (t) => {
  t.throws(() => editDocument('a: 1\n', [{ op: 'test', path: '/a', value: 2 }]), { code: 'internal' });
  t.throws(() => editDocument('a: 1\n', [{ op: 'remove', path: '/b' }]), { code: 'internal' });
  t.throws(() => editDocument('a: [\n', [{ op: 'remove', path: '/a' }]), { code: 'manifest_invalid' });
  t.end();
});
