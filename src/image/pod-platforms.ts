import { isArray, listOf, objectOf, stringOf, stringsOf, type JsonObject, type JsonValue } from '../model/json.js';

/** The platforms of the nodes a pod can land on, as far as the pod and what is known about the nodes say it (E8). */
export interface PodPlatforms {
  /** Whether a node of this operating system and architecture (Go's names, as in `amd64`) can get the pod. */
  admits(os: string, architecture: string): boolean;
  /** Equal for pods with equal platforms. */
  readonly key: string;
}

/** What is known about the cluster's nodes. Without it, every architecture is possible. */
export interface NodeFacts {
  /** Architecture of the node of this name, as in its label `kubernetes.io/arch`. */
  architectureOf(nodeName: string): string | undefined;
  /** Every architecture that a node of the cluster has; `undefined` when that is not known. */
  architectures(): readonly string[] | undefined;
}

const architectureLabels = new Set(['kubernetes.io/arch', 'beta.kubernetes.io/arch']);
const osLabels = new Set(['kubernetes.io/os', 'beta.kubernetes.io/os']);

// Architectures for which Kubernetes and container images exist. More are possible.
const usual = ['386', 'amd64', 'arm', 'arm64', 'loong64', 'mips64le', 'ppc64le', 'riscv64', 's390x', 'other'];

/** Something that must hold for a node. */
type PlatformTest = (os: string, architecture: string) => boolean;

/** What is needed to make tests. */
interface Making {
  readonly nodes: NodeFacts | undefined;
  /** Every architecture that a test speaks of. */
  readonly mentioned: Set<string>;
}

/** What one label must be, with the operators of a node selector (Kubernetes API, `NodeSelectorRequirement`). */
function labelHolds(actual: string, operator: string | undefined, values: readonly string[]): boolean {
  switch (operator) {
    case 'In':
      return values.includes(actual);
    case 'NotIn':
      return !values.includes(actual);
    case undefined:
    case 'Exists':
      return true;
    // Every node carries these labels, and their values are no numbers.
    case 'DoesNotExist':
    case 'Gt':
    case 'Lt':
      return false;
    default:
      return true;
  }
}

function expressionTest(value: JsonValue, { mentioned }: Making): PlatformTest {
  const expression = objectOf(value) ?? {};
  const key = stringOf(expression['key']) ?? '';
  const operator = stringOf(expression['operator']);
  const values = stringsOf(expression['values']) ?? [];
  if (architectureLabels.has(key)) {
    for (const one of values) mentioned.add(one);
    return (_, architecture) => labelHolds(architecture, operator, values);
  }
  if (osLabels.has(key)) return (os) => labelHolds(os, operator, values);
  return () => true;
}

/** The single node that a DaemonSet's pod, or a similar pod, names in a term's `matchFields`. */
function fieldTest(value: JsonValue, { nodes, mentioned }: Making): PlatformTest {
  const field = objectOf(value) ?? {};
  const names = stringsOf(field['values']) ?? [];
  if (field['key'] !== 'metadata.name' || field['operator'] !== 'In') return () => true;
  const known = names.map((name) => nodes?.architectureOf(name));
  for (const one of known) if (one !== undefined) mentioned.add(one);
  return (_, architecture) => known.some((one) => one === undefined || one === architecture);
}

function termTest(value: JsonValue, making: Making): PlatformTest {
  const term = objectOf(value) ?? {};
  const tests = [
    ...listOf(term['matchExpressions']).map((one) => expressionTest(one, making)),
    ...listOf(term['matchFields']).map((field) => fieldTest(field, making)),
  ];
  // A term that asks for nothing selects no node.
  if (tests.length === 0) return () => false;
  return (os, architecture) => tests.every((test) => test(os, architecture));
}

function affinityTerms(spec: JsonObject): readonly JsonValue[] | undefined {
  const node = objectOf(objectOf(spec['affinity'])?.['nodeAffinity']);
  const required = objectOf(node?.['requiredDuringSchedulingIgnoredDuringExecution']);
  const terms = required?.['nodeSelectorTerms'];
  return isArray(terms) && terms.length > 0 ? terms : undefined;
}

function specTests(spec: JsonObject, making: Making): readonly PlatformTest[] {
  const { nodes, mentioned } = making;
  const tests: PlatformTest[] = [];
  for (const [key, value] of Object.entries(objectOf(spec['nodeSelector']) ?? {})) {
    if (architectureLabels.has(key)) {
      if (typeof value === 'string') mentioned.add(value);
      tests.push((_, architecture) => architecture === value);
    }
    if (osLabels.has(key)) tests.push((os) => os === value);
  }
  const terms = affinityTerms(spec)?.map((term) => termTest(term, making));
  if (terms !== undefined) tests.push((os, architecture) => terms.some((test) => test(os, architecture)));
  const os = stringOf(objectOf(spec['os'])?.['name']);
  if (os !== undefined) tests.push((one) => one === os);
  const nodeName = stringOf(spec['nodeName']);
  const bound = nodeName === undefined || nodeName === '' ? undefined : nodes?.architectureOf(nodeName);
  const possible = bound === undefined ? nodes?.architectures() : [bound];
  if (possible !== undefined) {
    for (const one of possible) mentioned.add(one);
    tests.push((_, architecture) => possible.includes(architecture));
  }
  return tests;
}

/**
 * Which platforms a pod can land on, from `nodeSelector`, required node affinity (terms are alternatives, the expressions of one
 * hold together), `spec.os` and `spec.nodeName` (E8). Labels other than architecture and operating system could be on
 * any node, so they rule nothing out. Windows is never admitted: the tracer is a Linux program.
 *
 * @param pod the Pod.
 * @param nodes what is known about the nodes.
 */
export function podPlatforms(pod: JsonObject, nodes?: NodeFacts): PodPlatforms {
  const spec = objectOf(pod['spec']) ?? {};
  const mentioned = new Set(usual);
  const tests = specTests(spec, { nodes, mentioned });
  return new RuledPlatforms(tests, mentioned);
}

class RuledPlatforms implements PodPlatforms {
  readonly #tests: readonly PlatformTest[];
  readonly #mentioned: ReadonlySet<string>;
  #key: string | undefined;

  constructor(tests: readonly PlatformTest[], mentioned: ReadonlySet<string>) {
    this.#tests = tests;
    this.#mentioned = mentioned;
  }

  admits(os: string, architecture: string): boolean {
    return os === 'linux' && this.#tests.every((test) => test(os, architecture));
  }

  // What is said about every architecture that can make a difference, so pods that differ elsewhere are still equal.
  get key(): string {
    this.#key ??= [...this.#mentioned]
      .sort()
      .map((one) => (this.admits('linux', one) ? one : `-${one}`))
      .join(' ');
    return this.#key;
  }
}
