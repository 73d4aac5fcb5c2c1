import { isObject, listOf, stringOf } from '../../../src/model/json.js';
import type { JsonObject, JsonValue } from '../../../src/model/json.js';
import { images } from './images.js';
import { inject, pullSecret, type PolicyOptions } from './inject.js';

/** Names that the built-in profiles give. */
export const sysdigWrapper = '/opt/draios/bin/instrument';
export const sysdigAgent = 'sysdig-workload-agent';
export const datadogWrapper = '/cws-instrumentation-volume/cws-instrumentation';
export const datadogAgent = 'datadog-agent';

/** A pod with one container, `app`, from the image with programs unless another is given. */
export function pod(name: string, container: JsonObject, spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...metadata },
    spec: {
      imagePullSecrets: [{ name: pullSecret }],
      terminationGracePeriodSeconds: 5,
      containers: [{ name: 'app', image: images.box, ...container }],
      ...spec,
    },
  };
}

/** A container that runs a shell text. */
export function shell(text: string): JsonObject {
  return { command: ['sh', '-c', text] };
}

/** Goes on until it is told to end. */
export const idle = "trap 'exit 0' TERM; sleep 1000 & wait";

/** The same pod under another name, with a process namespace shared as in an instrumented one: what to compare with. */
export function bare(pod: JsonObject): JsonObject {
  const { metadata, spec } = pod;
  if (!isObject(metadata) || !isObject(spec)) throw new Error('this is no pod');
  const name = `${stringOf(metadata['name']) ?? ''}-bare`;
  return { ...pod, metadata: { ...metadata, name }, spec: { ...spec, shareProcessNamespace: true } };
}

/** Instruments several pods in one go; each comes back in its place. */
export async function injectAll(pods: readonly JsonObject[], policy: PolicyOptions = {}): Promise<JsonObject> {
  const { object, report } = await inject(listOfPods(pods), policy);
  const all = listOf(object['items']).filter(isObject);
  const untouched = all.filter((item) => !JSON.stringify(item).includes('outrider.dev/status'));
  if (untouched.length > 0) throw new Error(`not every pod is instrumented:\n${report}`);
  return object;
}

export function listOfPods(pods: readonly JsonValue[]): JsonObject {
  return { apiVersion: 'v1', kind: 'List', items: pods };
}
