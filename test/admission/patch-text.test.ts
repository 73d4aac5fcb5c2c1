import fc from 'fast-check';
import t from 'tap';
import { PatchWriter } from '../../src/admission/patch-text.js';
import type { JsonValue } from '../../src/model/json.js';
import type { Operation } from '../../src/model/patch.js';

const value: fc.Arbitrary<JsonValue> = fc.jsonValue().map((json) => json as JsonValue);
const path = fc.oneof(
  fc.constantFrom('/spec/initContainers', '/spec/initContainers/0', '/spec/containers/-', '/spec/containers/0/env'),
  fc.string().map((text) => `/${text}`),
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constantFrom('add' as const, 'replace' as const), path, value }),
  fc.record({ op: fc.constant('remove' as const), path }),
);

t.test('a patch is written as JSON.stringify would, however often', (t) => {
  const writer = new PatchWriter();
  fc.assert(
    fc.property(fc.array(operation), (patch) => {
      const expected = JSON.stringify(patch);
      return writer.write(patch) === expected && writer.write(patch) === expected;
    }),
  );
  t.equal(writer.write([]), '[]');
  t.end();
});

t.test('a container among others is written as the same text, whatever stands around it', (t) => {
  const writer = new PatchWriter();
  const agent = { name: 'agent', command: ['/a', 'ü', '\u2028'] };
  const first = writer.write([{ op: 'add', path: '/spec/initContainers', value: [agent] }]);
  const second = writer.write([{ op: 'add', path: '/spec/initContainers/-', value: agent }]);
  t.match(first, JSON.stringify(agent));
  t.equal(second, JSON.stringify([{ op: 'add', path: '/spec/initContainers/-', value: agent }]));
  t.end();
});
