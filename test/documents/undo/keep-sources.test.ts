import fc from 'fast-check';
import jsonpatch from 'fast-json-patch';
import t from 'tap';
import { carriedOut, type TemplateEdit } from '../../../src/documents/edit/template-edit.js';
import { readManifests } from '../../../src/documents/manifest/manifest.js';
import { keepSources, restoreSources } from '../../../src/documents/undo/keep-sources.js';
import { undoOperations, withUndo } from '../../../src/documents/undo/undo.js';
import type { JsonObject, JsonValue } from '../../../src/model/json.js';
import { cloneOperation, type Operation } from '../../../src/model/patch.js';
import { draws, jsonObject, operationOn, writing, Writer } from '../generated.js';

t.setTimeout(120_000);

const list = `kind: List
apiVersion: v1
items:
  - apiVersion: v1
    kind: Pod
    metadata: { name: a, labels: &labels { app: a } }
    spec: { containers: [ { name: a, image: x, env: [ ] } ] }
  - apiVersion: v1
    kind: Pod
    metadata: {name: b, labels: *labels }
    spec:
      containers: # b
        - {name: b, image: x}
      volumes: ~
`;

const operations: readonly Operation[] = [
  { op: 'add', path: '/metadata/labels/status', value: 'injected' },
  { op: 'add', path: '/spec/volumes', value: [{ name: 'v' }] },
  { op: 'add', path: '/spec/containers/0/env', value: [{ name: 'A' }] },
];

/** Edits of each pod in the text, of which each carries its record. */
function injecting(text: string): readonly TemplateEdit[] {
  const templates = readManifests(text, 'f')[0]?.templates ?? [];
  return templates.map((template) => ({ template, operations: withUndo(template.pod, operations) }));
}

function takingBack(text: string): readonly TemplateEdit[] {
  const templates = readManifests(text, 'f')[0]?.templates ?? [];
  return templates.map((template) => ({ template, operations: undoOperations(template.pod) }));
}

t.test('W28: each record keeps what is in its own template, and all together give the document back', (t) => {
  const { text: injected, edits } = keepSources(list, injecting(list));
  t.equal(carriedOut(list, edits).text, injected);
  const [first, second] = takingBack(injected);
  const { text: back } = restoreSources(injected, takingBack(injected));
  t.equal(back, list);
  t.match(JSON.stringify(first?.template), /src.*\/items\/0\/spec\/containers\/0/);
  t.match(JSON.stringify(second?.template), /src.*\/items\/1\/spec\/volumes/);
  t.notMatch(JSON.stringify(first?.template), /\/items\/1/);
  t.end();
});

t.test(
  'W28: an injection without a record keeps nothing, and one of a template that was edited stays as it is',
  (t) => {
    const edits = injecting(list);
    const bare = edits.map((edit) => ({ ...edit, operations: edit.operations.slice(0, 1) }));
    t.equal(keepSources(list, bare).edits, bare);
    const edited = carriedOut(list, edits).text.replaceAll('status: injected', 'status: mine');
    const again = readManifests(edited, 'f')[0]?.templates.map((template): TemplateEdit => {
      const path = '/metadata/annotations/outrider.dev~1undo';
      return { template, operations: [{ op: 'add', path, value: '{"v":1,"undo":[]}' }] };
    });
    t.ok(again !== undefined && keepSources(edited, again).edits === again);
    t.end();
  },
);

function patched<Value extends JsonValue>(value: Value, changes: readonly Operation[]): Value {
  return jsonpatch.applyPatch<Value>(value, changes.map(cloneOperation), true, false).newDocument;
}

const templateOf = (pod: JsonObject): TemplateEdit['template'] => {
  return { path: '', kind: 'Pod', name: undefined, namespace: undefined, pod };
};

t.test('W28: property: whatever was done anywhere to a document in any form is undone to the byte', (t) => {
  fc.assert(
    fc.property(jsonObject, jsonObject, writing, draws, (spec, metadata, how, drawn) => {
      const pod: JsonObject = { ...metadata, metadata: {}, spec };
      const changes: Operation[] = [];
      let now: JsonValue = spec;
      for (const draw of drawn) {
        const operation = operationOn(now, draw.kind === 'remove' ? { ...draw, kind: 'replace' } : draw);
        if (operation === undefined || JSON.stringify(operation).includes('e+')) continue;
        changes.push({ ...operation, path: `/spec${operation.path}` });
        now = patched(now, [operation]);
      }
      if (JSON.stringify(pod).includes('e+')) return;
      const text = new Writer(how).document(pod);
      const all = withUndo(pod, changes);
      const injected = keepSources(text, [{ template: templateOf(pod), operations: all }]);
      const done = patched(pod, injected.edits[0]?.operations ?? []);
      const back = [{ template: templateOf(done), operations: undoOperations(done) }];
      const { text: restored } = restoreSources(injected.text, back);
      if (restored !== text) throw new Error(`${text}\n---\n${injected.text}\n---\n${restored}`);
    }),
    { numRuns: 300 },
  );
  t.end();
});
