import fc from 'fast-check';
import t from 'tap';
import { PatchEncoder } from '../../src/admission/patch-encoder.js';
import type { JsonValue } from '../../src/model/json.js';
import { KeptOperation, type Operation } from '../../src/model/patch.js';

const value: fc.Arbitrary<JsonValue> = fc.jsonValue().map((json) => json as JsonValue);
const path = fc.oneof(
  fc.constantFrom('/spec/initContainers', '/spec/initContainers/0', '/spec/containers/-', '/spec/containers/0/env'),
  fc.string().map((text) => `/${text}`),
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constantFrom('add' as const, 'replace' as const), path, value }),
  fc.record({ op: fc.constant('remove' as const), path }),
);
const keptOperations = ['/spec/containers/-', '/spec/volumes', '/a"b', '/é'].map(
  (at, index) => new KeptOperation(at, { name: 'ü'.repeat(index), deep: [null, { text: '"' }] }),
);

/** What an API server makes of it: strict base64, then JSON. */
function decoded(base64: string): unknown {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64') === base64 ? JSON.parse(bytes.toString('utf8')) : 'no base64';
}

t.test('a patch means what JSON.stringify writes, however often it is written', (t) => {
  const encoder = new PatchEncoder();
  fc.assert(
    fc.property(fc.array(fc.oneof(operation, fc.constantFrom(...keptOperations))), (patch) => {
      const expected = JSON.stringify(patch);
      return (
        JSON.stringify(decoded(encoder.encode(patch))) === JSON.stringify(JSON.parse(expected)) &&
        JSON.stringify(decoded(encoder.encode(patch))) === JSON.stringify(JSON.parse(expected))
      );
    }),
  );
  t.same(decoded(encoder.encode([])), []);
  t.end();
});

t.test('runs of what is kept are written as the same text, whatever stands around them', (t) => {
  const encoder = new PatchEncoder();
  const [agent, volumes, odd, foreign] = keptOperations;
  t.ok(agent !== undefined && volumes !== undefined && odd !== undefined && foreign !== undefined);
  if (agent === undefined || volumes === undefined || odd === undefined || foreign === undefined) return t.end();
  const own: Operation = { op: 'replace', path: '/spec/containers/0/command', value: ['/a', 'é', '"'] };
  const patches: readonly (readonly Operation[])[] = [
    [agent],
    [agent, volumes],
    [own, agent, volumes],
    [own, own, agent, volumes, own, odd],
    [volumes, agent, own],
    [foreign],
    ...[0, 1, 2, 5, 9, 20, 39, 300, 301].map((length) => [own, ...Array.from({ length }, () => agent), own]),
  ];
  for (const patch of [...patches, ...patches])
    t.same(decoded(encoder.encode(patch)), JSON.parse(JSON.stringify(patch)));
  t.end();
});

t.test('a patch larger than what is set aside for one', (t) => {
  const patch: readonly Operation[] = [
    { op: 'add', path: '/metadata/annotations/long', value: 'é'.repeat(100_000) },
    { op: 'add', path: '/spec/containers/-', value: { name: 'ü'.repeat(100_000) } },
    new KeptOperation('/spec/volumes/-', { name: 'ü'.repeat(100_000) }),
  ];
  t.same(decoded(new PatchEncoder().encode(patch)), JSON.parse(JSON.stringify(patch)));
  t.end();
});
