import t from 'tap';
import { carriedOut, type TemplateEdit } from '../../../src/documents/edit/template-edit.js';
import { readManifests } from '../../../src/documents/manifest/manifest.js';
import { keepSources, restoreSources } from '../../../src/documents/undo/keep-sources.js';
import { undoOperations, withUndo } from '../../../src/documents/undo/undo.js';
import type { Operation } from '../../../src/model/patch.js';

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
