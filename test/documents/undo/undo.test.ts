import fc from 'fast-check';
import jsonpatch from 'fast-json-patch';
import t from 'tap';
import { readManifests } from '../../../src/documents/manifest/manifest.js';
import { applyUndo, hasUndo, invert, undoOperations, withUndo } from '../../../src/documents/undo/undo.js';
import { editDocument } from '../../../src/documents/edit/edit.js';
import type { JsonObject, JsonValue } from '../../../src/model/json.js';
import { cloneOperation, type Operation } from '../../../src/model/patch.js';
import { draws, jsonObject, operationOn, writing, Writer } from '../generated.js';

function patched<Value extends JsonValue>(value: Value, operations: readonly Operation[]): Value {
  return jsonpatch.applyPatch<Value>(value, operations.map(cloneOperation), true, false).newDocument;
}

const rooms = fc.constantFrom<JsonObject[]>(
  {},
  { metadata: {} },
  { metadata: { annotations: {} } },
  { metadata: null },
);

t.test('property: what was done and undone is the same JSON text, key order included', (t) => {
  fc.assert(
    fc.property(jsonObject, rooms, writing, draws, (inner, room, how, drawn) => {
      const pod: JsonObject = { ...room, spec: inner };
      const operations: Operation[] = [];
      let spec: JsonValue = inner;
      for (const draw of drawn) {
        const operation = operationOn(spec, draw.kind === 'remove' ? { ...draw, kind: 'replace' } : draw);
        if (operation === undefined || JSON.stringify(operation).includes('e+')) continue;
        operations.push({ ...operation, path: `/spec${operation.path}` });
        spec = patched(spec, [operation]);
      }
      const text = JSON.stringify(pod);
      if (text.includes('e+')) return;
      const all = withUndo(pod, operations);
      const done = patched(pod, all);
      if (JSON.stringify(applyUndo(done)) !== text) throw new Error('not what it was');
      const source = new Writer(how).document(pod);
      const injected = editDocument(source, all);
      const read = readManifests(editDocument(injected, undoOperations(done)), 'f')[0]?.value;
      if (JSON.stringify(read) !== text) throw new Error('the text is not what it was');
    }),
    { numRuns: 150 },
  );
  t.end();
});

t.test('a missing, a broken and a stale record are told apart', (t) => {
  const pod = { spec: { a: 1 } };
  const done = patched<JsonObject>(pod, withUndo(pod, [{ op: 'replace', path: '/spec/a', value: 2 }]));
  t.equal(hasUndo(pod), false);
  t.equal(hasUndo(done), true);
  t.throws(() => undoOperations(pod, { file: 'f' }), { code: 'undo_missing', file: 'f' });
  t.throws(() => undoOperations({ ...done, spec: { a: 3 } }), { code: 'undo_stale', message: /^\/spec\/a/ });
  t.throws(() => undoOperations({ ...done, spec: 1 }), { code: 'undo_stale' });
  for (const record of [
    '',
    'x',
    '{}',
    '{"v":2,"undo":[]}',
    '{"v":1,"undo":[1]}',
    '{"v":1,"undo":[["q","/a",1]]}',
    '{"v":1,"undo":[["t",1]]}',
    '{"v":1,"undo":[["t","/a"]]}',
  ]) {
    t.throws(
      () => undoOperations({ metadata: { annotations: { 'outrider.dev/undo': record } } }),
      { code: 'undo_stale' },
      record,
    );
  }
  t.end();
});

t.test('E30: what could not be put back exactly is refused', (t) => {
  t.throws(() => invert({ a: 2 ** 60 }, [{ op: 'replace', path: '/a', value: 1 }]), { code: 'manifest_invalid' });
  t.throws(() => invert({ a: 1 }, [{ op: 'remove', path: '/a' }]), { code: 'internal' });
  t.throws(() => invert({ a: 1 }, [{ op: 'replace', path: '/b/c', value: 1 }]), { code: 'internal' });
  t.end();
});
