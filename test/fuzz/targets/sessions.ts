import { createAttachDoor, createExecDoor } from '../../../src/admission/session-doors.js';
import type { DoorHandler } from '../../../src/admission/handler.js';
import { wholeReview } from './whole-review.js';
import { longestCommandBytes } from '../../../src/model/command-text.js';
import { OutriderError } from '../../../src/model/error.js';
import { isObject, objectOf, stringOf, stringsOf, type JsonObject, type JsonValue } from '../../../src/model/json.js';
import type { SessionRecord } from '../../../src/model/session-record.js';
import { running } from '../../engine/session/sessions.js';
import { engineOf, policyText } from '../../support/engine.js';
import { patched, patchedBySecond, textOf } from '../../support/json.js';
import { generatedPod, podOf } from '../../support/pods.js';
import { sessionReview } from '../../support/sessions.js';
import { Finding, must, type Target } from '../target.js';
import { readChecked } from './doors.js';

const bytesOf = (value: JsonValue): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const never = new AbortController().signal;
const profile = { name: 'sysdig', settings: { region: 'us2' } };
const longestPatched = 4_000;

/** One policy for each namespace. */
const policies: Readonly<Record<string, JsonObject>> = {
  shop: { profile, sessions: { exec: 'Trace', attach: 'Record' } },
  pay: { profile, prefer: 'Security', sessions: { attach: 'Deny' } },
  forbid: { profile, optOut: 'Forbidden' },
  shut: { profile, sessions: { exec: 'Deny', attach: 'Deny', exempt: { groups: ['developers'] } } },
  eu: { profile: { name: 'datadog', settings: {} }, prefer: 'Security' },
  host: { profile: { name: 'datadog-node', settings: {} }, prefer: 'Security' },
};

const engine = engineOf(
  Object.entries(policies)
    .map(([name, spec]) => policyText(name, { ...spec, match: { namespaceSelector: { matchLabels: { tier: name } } } }))
    .join(''),
);

/**
 * An input is a review, with the pod next to it that would be read for it: both are changed. Each door has to answer
 * what the API server takes; what is put in front is put there once.
 */
export function sessions(): Target {
  const records: SessionRecord[] = [];
  const failures: unknown[] = [];
  let pod: JsonObject = {};
  const options = {
    engine: () => engine,
    namespaceLabels: (namespace: string) => (Object.hasOwn(policies, namespace) ? { tier: namespace } : {}),
    readPod: () => Promise.resolve({ pod }),
    onReviewed: () => undefined,
    onSession: (record: SessionRecord) => void records.push(record),
    onFailure: (error: unknown) => void failures.push(error),
  };
  const doors = {
    mutate: createExecDoor('mutate', options),
    validate: createExecDoor('validate', options),
    attach: createAttachDoor(options),
  } as const satisfies Readonly<Record<string, DoorHandler>>;

  async function ask(door: keyof typeof doors, body: Uint8Array): Promise<string | undefined> {
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
    pod = podIn(input);
    records.length = 0;
    const mutated = await ask('mutate', input);
    const attached = await ask('attach', input);
    if (mutated === undefined || attached === undefined) return 'refused';
    const { whole, request, uid } = requestIn(input);
    readChecked(attached, uid, 'validate');
    const answer = readChecked(mutated, uid, 'mutate');
    must(answer.allowed, 'the mutating door denies');
    const validated = await ask('validate', input);
    must(validated !== undefined, 'one door refuses what the other takes');
    const said = readChecked(validated, uid, 'validate');
    for (const { command } of records) {
      must(Buffer.byteLength(command) <= longestCommandBytes, 'a command is written down whole');
    }
    const outcome = `${stringOf(said.audit['decision']) ?? ''} ${stringOf(said.audit['reason']) ?? ''}`;
    if (answer.patch.length === 0) return outcome;
    const object = objectOf(request['object']) ?? {};
    const command = stringsOf(object['command']);
    must(command !== undefined && command.length > 0, 'something is put in front of no command');
    if (command.length > longestPatched) return `${outcome}, of a long command`;
    const after = patched(object, answer.patch);
    must(textOf(patchedBySecond(object, answer.patch)) === textOf(after), 'two libraries apply the patch differently');
    const again = bytesOf({ ...whole, request: { ...request, object: after } });
    const second = await ask('mutate', again);
    must(second !== undefined, 'what was put in front makes the review invalid');
    must(readChecked(second, uid, 'mutate').patch.length === 0, 'something is put in front twice');
    const last = await ask('validate', again);
    must(last !== undefined && readChecked(last, uid, 'validate').allowed, 'what was wrapped is denied');
    return `wrapped, bare ${outcome}`;
  }

  return {
    name: 'sessions',
    form: 'json',
    perByteUs: 4,
    seeds,
    generated: generatedPod.map(({ pod: made }) => bytesOf({ ...sessionReview('exec', execOptions), pod: made })),
    check,
  };
}

const execOptions: JsonObject = { container: 'web', command: ['sh', '-c', 'ls'] };

function seeds(): readonly Uint8Array[] {
  const both = podOf({
    containers: [
      { name: 'web', image: 'shop/web:1', command: ['/app'] },
      { name: 'side', image: 'shop/side:1', command: ['/side'] },
    ],
    initContainers: [{ name: 'init', image: 'shop/web:1', command: ['/init-db'] }],
  });
  return Object.keys(policies).flatMap((namespace) => {
    const own = engineOf(policyText('own', policies[namespace] ?? {}));
    const pods = [running(both, own), running(podOf(), own), both];
    return pods.flatMap((pod) => [
      bytesOf({ ...sessionReview('exec', execOptions, { namespace }), pod }),
      bytesOf({ ...sessionReview('exec', { command: ['/opt/draios/bin/instrument', '-x'] }, { namespace }), pod }),
      bytesOf({ ...sessionReview('exec', { ...execOptions, container: 'init' }, { namespace }), pod }),
      bytesOf({ ...sessionReview('attach', {}, { namespace }), pod }),
    ]);
  });
}

/** The pod next to the review; none where it is none. */
function podIn(input: Uint8Array): JsonObject {
  try {
    const whole: unknown = wholeReview(input);
    return isObject(whole) ? (objectOf(whole['pod']) ?? {}) : {};
  } catch {
    return {};
  }
}

function requestIn(input: Uint8Array): {
  readonly whole: JsonObject;
  readonly request: JsonObject;
  readonly uid: string;
} {
  const whole: unknown = wholeReview(input);
  const request = isObject(whole) ? objectOf(whole['request']) : undefined;
  const uid = stringOf(request?.['uid']);
  if (!isObject(whole) || request === undefined || uid === undefined)
    throw new Finding('a review without uid is answered');
  return { whole, request, uid };
}
