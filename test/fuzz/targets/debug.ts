import { createDebugDoor } from '../../../src/admission/debug-review.js';
import { wholeReview } from './whole-review.js';
import type { Door } from '../../../src/model/decision.js';
import { OutriderError } from '../../../src/model/error.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject, type JsonValue } from '../../../src/model/json.js';
import type { SessionRecord } from '../../../src/model/session-record.js';
import { debugged, debuggerOf, debugReview, runningPod } from '../../support/debug.js';
import { engineOf, policyText } from '../../support/engine.js';
import { patched, patchedBySecond, textOf } from '../../support/json.js';
import { generatedPod, podOf } from '../../support/pods.js';
import { Finding, must, type Target } from '../target.js';
import { readChecked } from './doors.js';
import { isPlausible, isShallow, namesOf, newDuplicates } from './pod-shape.js';

const bytesOf = (value: JsonValue): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const never = new AbortController().signal;
const profile = { name: 'sysdig', settings: { region: 'us2' } };
const mostLevels = 500;

/** One policy for each namespace. */
const policies: Readonly<Record<string, JsonObject>> = {
  shop: { profile, sessions: { debug: 'Trace' } },
  pay: { profile, prefer: 'Security' },
  forbid: { profile, optOut: 'Forbidden' },
  shut: { profile, sessions: { debug: 'Deny', exempt: { users: ['admin'] } } },
  eye: { profile: { name: 'datadog', settings: {} }, prefer: 'Security', delivery: 'ImageVolume' },
  stuck: { profile, prefer: 'Security', delivery: 'ImageVolume' },
};

const known = { 'tools:1': { entrypoint: ['/bin/sh', '$A'], cmd: ['-c', 'ls'] } };

const engine = engineOf(
  Object.entries(policies)
    .map(([name, spec]) => policyText(name, { ...spec, match: { namespaceSelector: { matchLabels: { tier: name } } } }))
    .join(''),
  { known, asked: { 'asked:1': { entrypoint: ['/x'], cmd: [], volumes: ['/opt/draios/bin'] } } },
);

/** Reviews of debug containers into both doors; whatever comes out has to be one that the API server takes. */
export function debug(): Target {
  const failures: unknown[] = [];
  const records: SessionRecord[] = [];
  const options = {
    engine: () => engine,
    namespaceLabels: (namespace: string) => (Object.hasOwn(policies, namespace) ? { tier: namespace } : {}),
    onReviewed: () => undefined,
    onSession: (record: SessionRecord) => void records.push(record),
    onFailure: (error: unknown) => void failures.push(error),
  };
  const doors = { mutate: createDebugDoor('mutate', options), validate: createDebugDoor('validate', options) };

  async function ask(door: Door, body: Uint8Array): Promise<string | undefined> {
    failures.length = 0;
    try {
      const text = await doors[door](Buffer.from(body), { signal: never, traceparent: undefined });
      if (failures.length > 0) throw new Finding(`${door}: an error nobody expected`, { cause: failures[0] });
      return text;
    } catch (error) {
      if (error instanceof Finding) throw error;
      if (error instanceof OutriderError && error.code === 'review_invalid') return undefined;
      throw new Finding(`${door}: an error nobody expected`, { cause: error });
    }
  }

  async function check(input: Uint8Array): Promise<string> {
    const mutated = await ask('mutate', input);
    records.length = 0;
    const validated = await ask('validate', input);
    must((mutated === undefined) === (validated === undefined), 'one door refuses what the other takes');
    if (mutated === undefined || validated === undefined) return 'refused';
    const { whole, request, uid, pod } = requestIn(input);
    const answer = readChecked(mutated, uid, 'mutate');
    must(answer.allowed, 'the mutating door denies');
    const said = readChecked(validated, uid, 'validate');
    const outcome = `${stringOf(said.audit['decision']) ?? ''} ${stringOf(said.audit['reason']) ?? ''}`;
    if (answer.patch.length === 0) return outcome;
    if (!isShallow(pod, mostLevels)) return `${outcome}, of a deep pod`;
    must(
      answer.patch.every(({ path }) => path.startsWith('/spec/ephemeralContainers/')),
      'something else than a debug container is changed',
    );
    const after = patched(pod, answer.patch);
    must(textOf(patchedBySecond(pod, answer.patch)) === textOf(after), 'two libraries apply the patch differently');
    if (!isPlausible(pod)) return `${outcome}, of no plausible pod`;
    for (const kind of ['env', 'mounts'] as const) {
      const twice = newDuplicates(namesOf(pod, kind), namesOf(after, kind));
      must(twice.length === 0, `the patch makes ${kind} share a name: ${twice.join(', ')}`);
    }
    const again = bytesOf({ ...whole, request: { ...request, object: after } });
    const second = await ask('mutate', again);
    must(second !== undefined, 'what was traced makes the review invalid');
    must(readChecked(second, uid, 'mutate').patch.length === 0, 'something is added twice');
    const last = await ask('validate', again);
    const reason = last === undefined ? '' : readChecked(last, uid, 'validate').audit['reason'];
    must(reason !== 'debug_not_traced' || said.audit['reason'] === reason, 'what was traced lacks something');
    return `patched, ${stringOf(reason) ?? ''}`;
  }

  return {
    name: 'debug',
    form: 'json',
    perByteUs: 4,
    seeds,
    generated: generatedPod.map(({ pod }) =>
      bytesOf(debugReview(pod, debugged(pod, ...listOf(objectOf(pod['spec'])?.['containers']).filter(isObject)))),
    ),
    check,
  };
}

function seeds(): readonly Uint8Array[] {
  const two = podOf({ initContainers: [{ name: 'init', image: 'shop/web:1', command: ['/init-db'] }] });
  return Object.keys(policies).flatMap((namespace) => {
    const own = engineOf(policyText('own', policies[namespace] ?? {}));
    return [runningPod(own, two), runningPod(own), two].flatMap((pod) => {
      const [volume] = listOf(objectOf(pod['spec'])?.['volumes']).filter(isObject);
      const mount = { name: stringOf(volume?.['name']) ?? 'data', mountPath: '/opt/draios', readOnly: true };
      return [
        [debuggerOf()],
        [debuggerOf({ command: ['sh', '-c', 'ls'], args: ['x'], image: 'asked:1' }), debuggerOf({ name: 'b' })],
        [debuggerOf({ volumeMounts: [mount], env: [{ name: 'SYSDIG_SIDECAR', value: 'off' }] })],
        [debuggerOf({ securityContext: { privileged: true, capabilities: { add: ['SYS_PTRACE'] } } })],
      ].map((added) => bytesOf(debugReview(pod, debugged(pod, ...added), { namespace })));
    });
  });
}

function requestIn(input: Uint8Array): {
  readonly whole: JsonObject;
  readonly request: JsonObject;
  readonly uid: string;
  readonly pod: JsonObject;
} {
  const whole: unknown = wholeReview(input);
  const request = isObject(whole) ? objectOf(whole['request']) : undefined;
  const uid = stringOf(request?.['uid']);
  if (!isObject(whole) || request === undefined || uid === undefined) {
    throw new Finding('a review without uid is answered');
  }
  return { whole, request, uid, pod: objectOf(request['object']) ?? {} };
}
