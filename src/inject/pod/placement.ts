import { isObject, listOf, objectOf, stringOf, stringsOf, type JsonObject, type JsonValue } from '../../model/json.js';
import type { PodView } from './view.js';

/*
 * What a pod's placement says about the nodes that it can run on, beyond the fields that the API server's match conditions
 * check (E24, E25, W10).
 */

const osLabels: ReadonlySet<string> = new Set(['kubernetes.io/os', 'beta.kubernetes.io/os']);
/** Only the kubelet of Windows sets it. */
const buildLabel = 'node.kubernetes.io/windows-build';
/** Handlers of containerd for Windows are named so, and RuntimeClasses after them. */
const windowsRuntime = /^runhcs-|wcow|windows/i;

/**
 * What shows that a pod is only for Windows nodes.
 *
 * @param enforced whether the pod's author is not trusted. Then only fields that keep the pod off other nodes count, not
 *   those that a Linux node ignores
 */
export function windowsByPlacement(view: PodView, enforced: boolean): string | undefined {
  const { spec } = view;
  if (objectOf(spec['nodeSelector'])?.[buildLabel] !== undefined) return `spec.nodeSelector has ${buildLabel}`;
  if (everyTerm(spec, asksForWindows)) return 'spec.affinity admits nodes of Windows alone';
  return enforced ? undefined : windowsByWord(view);
}

/** What shows in its affinity that a pod is only for virtual nodes. */
export function virtualNodeByAffinity({ spec }: PodView): string | undefined {
  const isVirtual = (key: string, operator: string, values: readonly string[]): boolean =>
    key === 'type' && operator === 'In' && values.length > 0 && values.every((value) => value === 'virtual-kubelet');
  return everyTerm(spec, isVirtual) ? 'spec.affinity admits virtual nodes alone' : undefined;
}

function windowsByWord({ spec, containers, initContainers }: PodView): string | undefined {
  const runtime = stringOf(spec['runtimeClassName']);
  if (runtime !== undefined && windowsRuntime.test(runtime)) return `spec.runtimeClassName is ${runtime}`;
  if (hasWindowsOptions(spec)) return 'spec.securityContext has windowsOptions';
  for (const list of [containers, initContainers]) {
    for (const { name, value } of list) {
      if (hasWindowsOptions(value)) return `securityContext of container ${name} has windowsOptions`;
    }
  }
  return undefined;
}

function hasWindowsOptions(value: JsonObject): boolean {
  const security = value['securityContext'];
  if (!isObject(security)) return false;
  const options = security['windowsOptions'];
  return isObject(options) && Object.keys(options).length > 0;
}

function asksForWindows(key: string, operator: string, values: readonly string[]): boolean {
  if (key === buildLabel) return operator === 'In' || operator === 'Exists';
  if (!osLabels.has(key)) return false;
  if (operator === 'NotIn') return values.includes('linux');
  return operator === 'In' && values.length > 0 && values.every((value) => value === 'windows');
}

/** Whether each alternative of the required node affinity has an expression that asks for such nodes. */
function everyTerm(
  spec: JsonObject,
  asks: (key: string, operator: string, values: readonly string[]) => boolean,
): boolean {
  if (!isObject(spec['affinity'])) return false;
  const node = objectOf(spec['affinity']['nodeAffinity']);
  const required = objectOf(node?.['requiredDuringSchedulingIgnoredDuringExecution']);
  const terms = listOf(required?.['nodeSelectorTerms']);
  const asksOf = (value: JsonValue): boolean => {
    const { key, operator, values } = objectOf(value) ?? {};
    return asks(stringOf(key) ?? '', stringOf(operator) ?? '', stringsOf(values) ?? []);
  };
  return terms.length > 0 && terms.every((term) => listOf(objectOf(term)?.['matchExpressions']).some(asksOf));
}
