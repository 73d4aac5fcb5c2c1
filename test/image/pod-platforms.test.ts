import t from 'tap';
import { podPlatforms, type NodeFacts } from '../../src/image/pod-platforms.js';
import type { JsonObject, JsonValue } from '../../src/model/json.js';

const architectures = ['amd64', 'arm64', 's390x'];

function admitted(spec: JsonObject, nodes?: NodeFacts): readonly string[] {
  const possible = podPlatforms({ spec }, nodes);
  t.notOk(possible.admits('windows', 'amd64'), 'never Windows');
  return architectures.filter((architecture) => possible.admits('linux', architecture));
}

function affinity(...terms: readonly JsonValue[]): JsonObject {
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } };
  return { affinity: { nodeAffinity: required } };
}

function arch(operator: string, ...values: readonly string[]): JsonObject {
  return { key: 'kubernetes.io/arch', operator, values };
}

t.test('E8: nodeSelector', (t) => {
  t.strictSame(admitted({}), architectures);
  t.strictSame(admitted({ nodeSelector: { 'kubernetes.io/arch': 'arm64' } }), ['arm64']);
  t.strictSame(admitted({ nodeSelector: { 'beta.kubernetes.io/arch': 'arm64' } }), ['arm64']);
  t.strictSame(admitted({ nodeSelector: { 'kubernetes.io/arch': 'arm64', 'beta.kubernetes.io/arch': 'amd64' } }), []);
  t.strictSame(admitted({ nodeSelector: { 'kubernetes.io/os': 'linux', disk: 'ssd' } }), architectures);
  t.strictSame(admitted({ nodeSelector: { 'kubernetes.io/os': 'windows' } }), []);
  t.strictSame(admitted({ nodeSelector: { 'beta.kubernetes.io/os': 'windows' } }), []);
  t.strictSame(admitted({ os: { name: 'windows' } }), []);
  t.strictSame(admitted({ os: { name: 'linux' } }), architectures);
  t.end();
});

t.test('E8: required node affinity: terms are alternatives, expressions hold together', (t) => {
  const term = (...matchExpressions: readonly JsonValue[]): JsonObject => ({ matchExpressions });
  const other = { key: 'disk', operator: 'In', values: ['ssd'] };
  const cases: readonly (readonly [JsonObject, readonly string[]])[] = [
    [affinity(term(arch('In', 'amd64', 'arm64'))), ['amd64', 'arm64']],
    [affinity(term(arch('NotIn', 'amd64'))), ['arm64', 's390x']],
    [affinity(term(arch('Exists'))), architectures],
    [affinity(term(arch('DoesNotExist'))), []],
    [affinity(term(arch('Gt', '1'))), []],
    [affinity(term(arch('Later', 'x'))), architectures],
    [affinity(term(arch('In', 'amd64')), term(arch('In', 'arm64'))), ['amd64', 'arm64']],
    [affinity(term(arch('In', 'amd64', 'arm64'), arch('NotIn', 'amd64'))), ['arm64']],
    [affinity(term(arch('In', 'amd64')), term(other)), architectures],
    [affinity(term(other)), architectures],
    [affinity({}), []],
    [affinity({}, term(arch('In', 'amd64'))), ['amd64']],
    [affinity(), architectures],
    [{ ...affinity(term(arch('NotIn', 'amd64'))), nodeSelector: { 'kubernetes.io/arch': 'amd64' } }, []],
    [affinity(term({ key: 'kubernetes.io/os', operator: 'NotIn', values: ['windows'] })), architectures],
    [affinity(term({ key: 'kubernetes.io/os', operator: 'In', values: ['windows'] })), []],
    [{ affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [1] } } }, architectures],
    [{ affinity: 'no', nodeSelector: 7 }, architectures],
  ];
  for (const [spec, expected] of cases) t.strictSame(admitted(spec), expected, JSON.stringify(spec));
  t.end();
});

t.test('E8: the node’s name, and the architectures that the cluster has', (t) => {
  const nodes: NodeFacts = {
    architectureOf: (name) => (name === 'graviton' ? 'arm64' : undefined),
    architectures: () => ['amd64', 'arm64'],
  };
  t.strictSame(admitted({ nodeName: 'graviton' }, nodes), ['arm64']);
  t.strictSame(admitted({ nodeName: 'unknown' }, nodes), ['amd64', 'arm64']);
  t.strictSame(admitted({ nodeName: 'graviton' }), architectures);
  t.strictSame(admitted({}, nodes), ['amd64', 'arm64']);
  t.strictSame(admitted({}, { ...nodes, architectures: () => undefined }), architectures);
  const named = (...values: readonly string[]): JsonObject =>
    affinity({ matchFields: [{ key: 'metadata.name', operator: 'In', values }] });
  t.strictSame(admitted(named('graviton'), nodes), ['arm64'], 'a DaemonSet’s pod');
  t.strictSame(admitted(named('unknown'), nodes), ['amd64', 'arm64']);
  t.end();
});

t.test('equal platforms have one key', (t) => {
  const key = (spec: JsonObject, nodes?: NodeFacts): string => podPlatforms({ spec }, nodes).key;
  t.equal(key({ containers: [1] }), key({}));
  t.not(key({ nodeSelector: { 'kubernetes.io/arch': 'arm64' } }), key({}));
  t.not(key({ os: { name: 'windows' } }), key({}));
  t.equal(key({ nodeSelector: { disk: 'ssd' } }), key({}));
  const without = (architecture: string): JsonObject => affinity({ matchExpressions: [arch('NotIn', architecture)] });
  t.not(key(without('sparc64')), key({}));
  t.not(key(without('sparc64')), key(without('alpha')));
  const nodes: NodeFacts = { architectureOf: () => 'arm64', architectures: () => undefined };
  t.not(key({ nodeName: 'a' }, nodes), key({ nodeName: 'a' }));
  t.equal(key({ nodeName: 'a' }, nodes), key({ nodeName: 'b' }, nodes));
  const daemon = (name: string): JsonObject =>
    affinity({ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] });
  t.equal(key(daemon('a'), nodes), key(daemon('b'), nodes), 'pods of a DaemonSet, on nodes of one kind');
  t.end();
});
