import fc from 'fast-check';
import t from 'tap';
import { readPod } from '../../../src/inject/pod/view.js';
import type { JsonValue } from '../../../src/model/json.js';
import { podOf, podWith } from '../../support/pods.js';

const lists = ['env', 'volumeMounts'];

t.test('W31: what is of another shape in a field that we add to is never replaced', (t) => {
  const other = fc.oneof(fc.string(), fc.integer(), fc.boolean());
  const noList = fc.oneof(
    other,
    fc.dictionary(fc.string(), fc.string()),
    fc.array(fc.oneof(other, fc.constant(null)), { minLength: 1 }),
  );
  const noObject = fc.oneof(other, fc.array(fc.string()));
  const finds = (field: string, pod: ReturnType<typeof podOf>): void => {
    const found = readPod(pod);
    t.match(found, { reason: 'pod_unreadable' }, JSON.stringify(pod));
    t.ok('detail' in found && found.detail.startsWith(field), field);
  };
  const runs = { numRuns: 50 };
  for (const field of lists) {
    const at = `spec.containers[0].${field} `;
    fc.assert(
      fc.property(noList, (value: JsonValue) => finds(at, podWith({ [field]: value }))),
      runs,
    );
  }
  for (const field of ['volumes', 'imagePullSecrets']) {
    fc.assert(
      fc.property(noList, (value: JsonValue) => finds(`spec.${field} `, podOf({ [field]: value }))),
      runs,
    );
  }
  const at = 'spec.containers[0].securityContext';
  const security = (value: JsonValue) => podWith({ securityContext: value });
  fc.assert(
    fc.property(noObject, (value) => finds(`${at} `, security(value))),
    runs,
  );
  fc.assert(
    fc.property(noObject, (value) => finds(`${at}.capabilities `, security({ capabilities: value }))),
    runs,
  );
  fc.assert(
    fc.property(fc.oneof(other, fc.array(fc.integer(), { minLength: 1 })), (add: JsonValue) => {
      finds(`${at}.capabilities.add `, security({ capabilities: { add } }));
    }),
    runs,
  );
  t.end();
});

t.test('W31: what is absent, null or empty is no other shape', (t) => {
  for (const value of [null, []]) {
    for (const field of lists) t.notOk('reason' in readPod(podWith({ [field]: value })), field);
    for (const field of ['volumes', 'imagePullSecrets']) t.notOk('reason' in readPod(podOf({ [field]: value })), field);
  }
  for (const value of [null, {}, { capabilities: null }, { capabilities: { add: null } }]) {
    t.notOk('reason' in readPod(podWith({ securityContext: value })), JSON.stringify(value));
  }
  t.end();
});
