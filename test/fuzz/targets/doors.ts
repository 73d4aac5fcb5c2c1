import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { createDoor, type DoorHandler } from '../../../src/admission/handler.js';
import { parseReview } from '../../../src/admission/review-json.js';
import type { Engine } from '../../../src/engine/engine.js';
import type { Door } from '../../../src/model/decision.js';
import { OutriderError } from '../../../src/model/error.js';
import { isArray, isObject, objectOf, stringOf, type JsonObject, type JsonValue } from '../../../src/model/json.js';
import { reasonCodes } from '../../../src/model/reasons.js';
import { folder, readCases } from '../../golden/cases.js';
import { podOf, reviewText } from '../../bench/pods.js';
import { engineOf, policyText, readAnswer, resolverOf, reviewOf } from '../../support/engine.js';
import { patched, patchedBySecond } from '../../support/json.js';
import { generatedPod } from '../../support/pods.js';
import { Finding, must, type Target } from '../target.js';
import { isPlausible, isShallow, namesOf, newDuplicates } from './pod-shape.js';

const bytesOf = (value: JsonValue): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const mostOperations = 5_000;
const mostLevels = 500;
const never = new AbortController().signal;
const agents = ['quay.io/sysdig/workload-agent:6.3.0'];
const sysdig = { name: 'sysdig', settings: { region: 'us2' } };

/** One policy for each namespace, so that a review's namespace chooses what is done to its pod. */
const policies: Readonly<Record<string, JsonObject>> = {
  shop: { profile: sysdig },
  pay: { profile: sysdig, prefer: 'Security', optOut: 'Forbidden' },
  strict: {
    profile: sysdig,
    onUnresolvedImage: 'Deny',
    containers: { cover: ['Main', 'Init', 'Probes', 'Lifecycle'] },
    agent: { placement: 'Native', imagePullSecrets: ['pull'] },
  },
  eu: { profile: { name: 'datadog', settings: {} }, agent: { placement: 'Container' } },
  eye: { profile: { name: 'datadog', settings: {} }, delivery: 'ImageVolume', prefer: 'Security' },
  host: { profile: { name: 'datadog-node', settings: {} } },
};

function makeEngine(): Engine {
  const documents = Object.entries(policies).map(([name, spec]) =>
    policyText(name, { ...spec, match: { namespaceSelector: { matchLabels: { tier: name } } } }),
  );
  return engineOf(documents.join(''));
}

function seeds(): readonly Uint8Array[] {
  const names = Object.keys(policies);
  const asSent = podOf({ namespace: 'shop', containers: 2, variables: 2, command: true });
  const cases = readCases().flatMap(({ podText }, index) => {
    const pod: unknown = parse(podText);
    if (!isObject(pod)) return [];
    const namespace = names[index % names.length] ?? 'shop';
    return [bytesOf(reviewOf(pod, { namespace })), bytesOf(reviewOf(pod, { namespace: 'shop' }))];
  });
  return [...cases, new TextEncoder().encode(reviewText(asSent, 'shop'))];
}

/** Bytes into both doors of the webhook; whatever comes out has to be one that the API server takes. */
export function doors(): Target {
  const engine = makeEngine();
  const images = resolverOf(Object.fromEntries(agents.map((agent) => [agent, { entrypoint: ['/agent'], cmd: [] }])), {
    'shop/web:1': { entrypoint: ['/web', '$HOME'], cmd: ['serve'] },
  });
  const failures: unknown[] = [];
  const options = {
    engine: () => ({ ...engine, images }),
    namespaceLabels: (namespace: string) => (Object.hasOwn(policies, namespace) ? { tier: namespace } : {}),
    onReviewed: () => undefined,
    onFailure: (error: unknown) => void failures.push(error),
  };
  const handlers: Readonly<Record<Door, DoorHandler>> = {
    mutate: createDoor('mutate', options),
    validate: createDoor('validate', options),
  };

  /** @returns the answer's text, or the code of a refusal */
  async function ask(door: Door, input: Uint8Array): Promise<{ readonly text: string } | { readonly refused: string }> {
    failures.length = 0;
    try {
      const text = await handlers[door](Buffer.from(input), { signal: never, traceparent: undefined });
      if (failures.length > 0) throw new Finding(`${door}: an error nobody expected`, { cause: failures[0] });
      return { text };
    } catch (error) {
      if (error instanceof Finding) throw error;
      if (error instanceof OutriderError && error.code === 'review_invalid') return { refused: error.code };
      throw new Finding(`${door}: an error nobody expected`, { cause: error });
    }
  }

  async function check(input: Uint8Array): Promise<string> {
    const first = await ask('mutate', input);
    const checked = await ask('validate', input);
    if ('refused' in first || 'refused' in checked) {
      must('refused' in first && 'refused' in checked, 'one door refuses what the other takes');
      return `refused ${first.refused}`;
    }
    const review = requestIn(input);
    const answer = readChecked(first.text, review.uid, 'mutate');
    readChecked(checked.text, review.uid, 'validate');
    must(answer.allowed, 'the mutating door denies');
    const verdict = `${stringOf(answer.audit['decision']) ?? ''} ${stringOf(answer.audit['reason']) ?? ''}`;
    if (answer.patch.length === 0) return verdict;

    const { pod } = review;
    // The libraries that apply patches take time by the square of them.
    if (answer.patch.length > mostOperations) return `${verdict}, by a long patch`;
    // They recurse, too. The API server takes no more than 10,000 levels, and keeps no field that it does not know.
    if (!isShallow(pod, mostLevels)) return `${verdict}, of a deep pod`;
    const after = patched(pod, answer.patch);
    must(isDeepStrictEqual(patchedBySecond(pod, answer.patch), after), 'two libraries apply the patch differently');
    const kinds = ['containers', 'volumes', 'env', 'mounts'] as const;
    for (const kind of isPlausible(pod) ? kinds : kinds.slice(0, 2)) {
      const twice = newDuplicates(namesOf(pod, kind), namesOf(after, kind));
      must(twice.length === 0, `the patch makes ${kind} share a name: ${twice.join(', ')}`);
    }
    if (!isPlausible(pod)) return `${verdict}, of no plausible pod`;
    const again = await ask('mutate', bytesOf({ ...review.whole, request: { ...review.request, object: after } }));
    must('text' in again, 'the instrumented pod is refused');
    const second = readChecked(again.text, review.uid, 'mutate');
    must(second.patch.length === 0, `the second call patches again: ${JSON.stringify(second.patch)}`);
    must(
      second.audit['reason'] === answer.audit['reason'],
      `the second call says ${stringOf(second.audit['reason']) ?? ''}`,
    );
    const last = await ask('validate', bytesOf({ ...review.whole, request: { ...review.request, object: after } }));
    must('text' in last, 'the instrumented pod is refused by the validating door');
    const validated = readChecked(last.text, review.uid, 'validate');
    if (answer.audit['decision'] === 'inject') {
      must(validated.allowed, `the validating door denies what was injected: ${last.text}`);
    }
    return verdict;
  }

  return {
    name: 'doors',
    form: 'json',
    perByteUs: 4,
    seeds,
    generated: generatedPod.map(({ pod }) => bytesOf(reviewOf(pod))),
    check,
  };
}

interface Requested {
  readonly whole: JsonObject;
  readonly request: JsonObject;
  readonly uid: string;
  readonly pod: JsonObject;
}

function requestIn(input: Uint8Array): Requested {
  // As the doors read it: what stands for managed fields may be no JSON.
  const whole: unknown = parseReview(Buffer.from(input));
  const request = isObject(whole) ? objectOf(whole['request']) : undefined;
  const uid = stringOf(request?.['uid']);
  if (!isObject(whole) || request === undefined || uid === undefined)
    throw new Finding('a review without uid is answered');
  return { whole, request, uid, pod: objectOf(request['object']) ?? {} };
}

const fields: ReadonlySet<string> = new Set([
  'uid',
  'allowed',
  'patch',
  'patchType',
  'status',
  'warnings',
  'auditAnnotations',
]);
const decisions: ReadonlySet<unknown> = new Set(['inject', 'partial', 'skip', 'deny', 'wrapped', 'untraced', 'denied']);
const codes: ReadonlySet<unknown> = new Set<unknown>(reasonCodes);

/** Reads an answer as strictly as the API server does: admission/v1, and headers for the warnings. */
export function readChecked(text: string, uid: string, door: Door): ReturnType<typeof readAnswer> {
  must(Buffer.from(text, 'utf8').toString('utf8') === text, 'the answer is no Unicode text');
  const answer = readAnswer(text);
  const { response, audit } = answer;
  must(answer.uid === uid, 'another uid');
  must(
    Object.keys(response).every((field) => fields.has(field)),
    `unknown fields in ${text}`,
  );
  const isTold = decisions.has(audit['decision']) && codes.has(audit['reason']);
  must(isTold || (door === 'mutate' && response['auditAnnotations'] === undefined), `not of the closed lists: ${text}`);
  must(
    Object.values(audit).every((value) => typeof value === 'string'),
    'an audit annotation is no text',
  );
  must(door === 'mutate' || answer.patch.length === 0, 'the validating door patches');
  must((response['patch'] === undefined) === (response['patchType'] === undefined), 'patch and patchType go together');
  const { warnings } = answer;
  must(
    warnings.every((line) => line.length <= 256),
    'a warning is longer than 256',
  );
  must(warnings.join('').length <= 4096, 'the warnings are longer than 4,096 together');
  must(!warnings.some((line) => /[\p{Cc}\p{Cs}]/u.test(line)), 'a warning has control characters');
  must(answer.allowed || typeof answer.status?.['message'] === 'string', 'a denial without a message');
  must(isArray(response['warnings'] ?? []), 'warnings are no list');
  return answer;
}

/** Where the golden cases are, for those who look for the seeds. */
export const seedFolder = folder;

/** A file of this project as bytes. */
export function fileBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}
