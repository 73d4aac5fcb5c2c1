import { isArray, isObject, type JsonObject, type JsonValue } from '../../../model/json.js';
import type { Operation } from '../../../model/patch.js';
import type { DebugPlan } from './plan-debug.js';

/** Builds the operations that apply plans of debug containers; none if the plans are met. */
export function patchDebug(plans: readonly DebugPlan[]): readonly Operation[] {
  return plans.flatMap(({ container, command, args, env, mounts, capabilities }) => {
    const { value, index } = container;
    const path = `/spec/ephemeralContainers/${index}`;
    return [
      ...(command === undefined ? [] : [written(value, path, 'command', command)]),
      ...(args === undefined ? [] : [written(value, path, 'args', args)]),
      ...appended(value, path, 'env', env),
      ...appended(value, path, 'volumeMounts', mounts),
      ...withCapabilities(value, path, capabilities),
    ];
  });
}

function written(object: JsonObject, path: string, field: string, value: JsonValue): Operation {
  return { op: object[field] === undefined ? 'add' : 'replace', path: `${path}/${field}`, value };
}

/** Appends to a list; creates it if it is absent, null or empty. */
function appended(object: JsonObject, path: string, field: string, values: readonly JsonValue[]): readonly Operation[] {
  if (values.length === 0) return [];
  const list = object[field];
  if (!isArray(list) || list.length === 0) return [written(object, path, field, values)];
  return values.map((value) => ({ op: 'add', path: `${path}/${field}/-`, value }));
}

function withCapabilities(container: JsonObject, path: string, names: readonly string[]): readonly Operation[] {
  if (names.length === 0) return [];
  const { securityContext } = container;
  if (!isObject(securityContext))
    return [written(container, path, 'securityContext', { capabilities: { add: names } })];
  const inside = `${path}/securityContext`;
  const { capabilities } = securityContext;
  if (!isObject(capabilities)) return [written(securityContext, inside, 'capabilities', { add: names })];
  return appended(capabilities, `${inside}/capabilities`, 'add', names);
}
