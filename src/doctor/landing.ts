/**
 * Whether nodes of a set can get a pod, as the scheduler uses: `nodeName`, `nodeSelector`, required node affinity,
 * taints and tolerations. What else it uses, such as room and volumes' zones, only keeps pods off.
 */
import { isArray, isObject, listOf, objectOf, stringOf, stringsOf } from '../model/json.js';
import type { JsonObject, JsonValue } from '../model/json.js';
import { hostnameLabel, type NodeSet, type NodeSets, type Taint } from './node-sets.js';

/** `yes`: a node of the set can. `maybe`: what is known about it does not tell. */
export type Landing = 'no' | 'maybe' | 'yes';

type Test = (set: NodeSet) => Landing;

/** Makes a test of sets out of a pod's spec. */
export function landingOf(spec: JsonObject, nodes: NodeSets): Test {
  const tests: Test[] = [];
  const nodeName = stringOf(spec['nodeName']) ?? '';
  // Such a pod passes the scheduler by, and its taints of NoSchedule.
  if (nodeName !== '') return (set) => (nodes.named(nodeName) === set ? 'yes' : 'no');
  const selector = objectOf(spec['nodeSelector']);
  for (const key in selector) tests.push(labelTest(key, 'In', [stringOf(selector[key]) ?? ''], nodes));
  const terms = affinityTerms(spec)?.map((term) => termTest(term, nodes));
  if (terms !== undefined) tests.push((set) => best(terms, set));
  const tolerations = listOf(spec['tolerations']).filter(isObject);
  tests.push(({ taints }) => {
    let least: Landing = 'yes';
    for (const taint of taints) least = lesser(least, toleratedBy(tolerations, taint));
    return least;
  });
  return (set) => (set.serverless ? 'maybe' : worst(tests, set));
}

/** As much of a pod is compared with each set: an author could otherwise keep us busy. */
const mostSaid = 1_000;

/** Whether a pod says more about its node, by labels, values, terms and tolerations, than is looked at. */
export function saysTooMuch(spec: JsonObject): boolean {
  let said = listOf(spec['tolerations']).length + Object.keys(objectOf(spec['nodeSelector']) ?? {}).length;
  for (const term of affinityTerms(spec) ?? []) {
    const { matchExpressions, matchFields } = objectOf(term) ?? {};
    said += 1;
    for (const list of [matchExpressions, matchFields]) {
      for (const expression of listOf(list)) said += 1 + listOf(objectOf(expression)?.['values']).length;
    }
  }
  return said > mostSaid;
}

function affinityTerms(spec: JsonObject): readonly JsonValue[] | undefined {
  const node = objectOf(objectOf(spec['affinity'])?.['nodeAffinity']);
  const terms = objectOf(node?.['requiredDuringSchedulingIgnoredDuringExecution'])?.['nodeSelectorTerms'];
  return isArray(terms) ? terms : undefined;
}

/** A term's expressions hold together; a term that has none selects no node. */
function termTest(value: JsonValue, nodes: NodeSets): Test {
  const { matchExpressions, matchFields } = objectOf(value) ?? {};
  const tests = [
    ...partsOf(matchExpressions).map(({ key, operator, values }) => labelTest(key, operator, values, nodes)),
    ...partsOf(matchFields).map(({ key, operator, values }) =>
      key === 'metadata.name' ? nameTest(operator, values, nodes.named) : maybe,
    ),
  ];
  return tests.length === 0 ? () => 'no' : (set) => worst(tests, set);
}

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

function partsOf(list: JsonValue | undefined): readonly Requirement[] {
  return listOf(list).map((value) => {
    const { key, operator, values } = objectOf(value) ?? {};
    return { key: stringOf(key) ?? '', operator: stringOf(operator) ?? '', values: stringsOf(values) ?? [] };
  });
}

const maybe: Test = () => 'maybe';

function labelTest(key: string, operator: string, values: readonly string[], nodes: NodeSets): Test {
  if (key === hostnameLabel) return nameTest(operator, values, nodes.onHost);
  if (!nodes.knows(key)) return maybe;
  return ({ labels }) => {
    const actual = labels.get(key);
    switch (operator) {
      case 'In':
        return said(actual !== undefined && values.includes(actual));
      case 'NotIn':
        return said(actual === undefined || !values.includes(actual));
      case 'Exists':
        return said(actual !== undefined);
      case 'DoesNotExist':
        return said(actual === undefined);
      case 'Gt':
        return said(Number(actual) > Number(values[0]));
      case 'Lt':
        return said(Number(actual) < Number(values[0]));
      default:
        return 'maybe';
    }
  };
}

/** For a name that is different on each node. */
function nameTest(operator: string, values: readonly string[], find: (name: string) => NodeSet | undefined): Test {
  if (operator === 'In') return (set) => said(values.some((name) => find(name) === set));
  if (operator === 'NotIn') return ({ count }) => (count > values.length ? 'yes' : 'maybe');
  return maybe;
}

function toleratedBy(tolerations: readonly JsonObject[], taint: Taint): Landing {
  let most: Landing = 'no';
  for (const { key, operator, value, effect } of tolerations) {
    if ((key ?? '') !== '' && key !== taint.key) continue;
    if ((effect ?? '') !== '' && effect !== taint.effect) continue;
    if ((operator ?? 'Equal') === 'Exists') return 'yes';
    if ((operator ?? 'Equal') !== 'Equal') most = 'maybe';
    else if ((value ?? '') === taint.value) return 'yes';
  }
  return most;
}

function said(holds: boolean): Landing {
  return holds ? 'yes' : 'no';
}

function worst(tests: readonly Test[], set: NodeSet): Landing {
  let least: Landing = 'yes';
  for (const test of tests) {
    least = lesser(least, test(set));
    if (least === 'no') return least;
  }
  return least;
}

function best(tests: readonly Test[], set: NodeSet): Landing {
  let most: Landing = 'no';
  for (const test of tests) {
    const one = test(set);
    if (one === 'yes') return one;
    if (one === 'maybe') most = one;
  }
  return most;
}

function lesser(one: Landing, other: Landing): Landing {
  if (one === 'no' || other === 'no') return 'no';
  return one === 'maybe' || other === 'maybe' ? 'maybe' : 'yes';
}
