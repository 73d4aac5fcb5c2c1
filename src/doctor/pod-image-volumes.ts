import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../model/json.js';
import type { Capability } from './capabilities.js';
import { landingOf, saysTooMuch } from './landing.js';
import type { NodeSet, NodeSets } from './node-sets.js';

/**
 * Whether every node that a pod can land on mounts image volumes rightly (E38). No where that is not known: of a node, of
 * nodes that come by themselves, and where there is none yet. A wrong yes would keep the pod from starting; a wrong no costs
 * it two seconds.
 */
export function podImageVolumes(spec: JsonObject, nodes: NodeSets): Capability {
  const ruledOut = bySpec(spec);
  if (ruledOut !== undefined) return no(ruledOut);
  if (!nodes.areApart) return no('the nodes are too unlike to be told apart');
  if (saysTooMuch(spec)) return no('it says more about its node than is looked at');
  const landing = landingOf(spec, nodes);
  let sure = 0;
  for (const set of nodes.sets) {
    const lands = landing(set);
    if (lands === 'no') continue;
    const which = `node ${set.example}, which ${lands === 'yes' ? 'can' : 'may'} get it`;
    if (!set.imageVolumes) return no(`${which}, is not known to mount image volumes rightly`);
    if (mayGrow(set)) {
      return no(`${which}, is of a set that may grow by itself (${set.pool || 'Fargate'})`);
    }
    if (lands === 'yes') sure += set.count;
  }
  if (sure === 0) return no('no node that is known can get it yet');
  const which = sure === 1 ? 'the one node that can get it' : `each of the ${sure} nodes that can get it`;
  return { holds: true, because: `${which} mounts image volumes rightly` };
}

/** Whether no pod can land on nodes of which all are known to mount image volumes rightly, wherever it asks to go. */
export function noneMountsImages({ areApart, sets }: Pick<NodeSets, 'areApart' | 'sets'>): boolean {
  return !areApart || sets.every((set) => !set.imageVolumes || mayGrow(set));
}

function mayGrow({ pool, serverless }: NodeSet): boolean {
  return pool !== '' || serverless;
}

/** What of the pod itself leaves open what its volumes are mounted by. */
function bySpec({ runtimeClassName, hostUsers, schedulerName }: JsonObject): string | undefined {
  const runtime = stringOf(runtimeClassName) ?? '';
  if (runtime !== '') return `what runtime class ${runtime} mounts is not known`;
  if (hostUsers === false) return 'image volumes in a user namespace of the pod’s own are not known to work';
  if (schedulerName === 'fargate-scheduler') return 'its node comes with it, on Fargate';
  return undefined;
}

/** Whether a pod says nothing that decides about its node, so that what holds for one such pod holds for all. */
export function isPlacedByNothing(spec: JsonObject): boolean {
  const { nodeName, nodeSelector, affinity, tolerations, runtimeClassName, hostUsers, schedulerName } = spec;
  if (isSet(nodeName) || isSet(nodeSelector) || isSet(runtimeClassName) || hostUsers === false) return false;
  if (schedulerName === 'fargate-scheduler' || objectOf(affinity)?.['nodeAffinity'] !== undefined) return false;
  for (const toleration of listOf(tolerations)) {
    const key = isObject(toleration) ? stringOf(toleration['key']) : undefined;
    // Those of the API server's own, for trouble that passes.
    if (key?.startsWith('node.kubernetes.io/') !== true) return false;
  }
  return true;
}

function isSet(value: JsonObject[string] | undefined): boolean {
  if (value === undefined || value === null || value === '') return false;
  return !isObject(value) || Object.keys(value).length > 0;
}

const no = (because: string): Capability => ({ holds: false, because });
