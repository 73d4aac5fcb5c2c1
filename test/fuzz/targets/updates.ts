import { createUpdateDoor } from '../../../src/admission/update-review.js';
import { OutriderError } from '../../../src/model/error.js';
import { isObject, objectOf, stringOf, type JsonObject, type JsonValue } from '../../../src/model/json.js';
import { decideNow, engineOf, policyText, readAnswer } from '../../support/engine.js';
import { draft, draftsOf, objectAt, patched } from '../../support/json.js';
import { generatedPod, podOf } from '../../support/pods.js';
import { Finding, must, type Target } from '../target.js';

const bytesOf = (value: JsonValue): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const never = new AbortController().signal;
const profile = { name: 'sysdig', settings: { region: 'us2' } };

/** One policy for each namespace. */
const policies: Readonly<Record<string, JsonObject>> = {
  shop: { profile },
  pay: { profile, prefer: 'Security' },
  forbid: { profile, optOut: 'Forbidden' },
  eye: { profile: { name: 'datadog', settings: {} }, prefer: 'Security' },
};

const engine = engineOf(
  Object.entries(policies)
    .map(([name, spec]) => policyText(name, { ...spec, match: { namespaceSelector: { matchLabels: { tier: name } } } }))
    .join(''),
);

/** Reviews of updates of running pods; whatever comes out has to be one that the API server takes. */
export function updates(): Target {
  const failures: unknown[] = [];
  const door = createUpdateDoor({
    engine: () => engine,
    namespaceLabels: (namespace) => (Object.hasOwn(policies, namespace) ? { tier: namespace } : {}),
    onReviewed: () => undefined,
    onFailure: (error) => void failures.push(error),
  });

  async function ask(body: Uint8Array): Promise<string | undefined> {
    failures.length = 0;
    try {
      return await door(Buffer.from(body), { signal: never, traceparent: undefined });
    } catch (error) {
      if (failures.length === 0 && error instanceof OutriderError && error.code === 'review_invalid') return undefined;
      throw new Finding('an error nobody expected', { cause: error });
    }
  }

  async function check(input: Uint8Array): Promise<string> {
    const text = await ask(input);
    if (text === undefined) return 'refused';
    const { allowed, audit, status, patch } = readAnswer(text);
    must(patch.length === 0, 'a validating door patches');
    must(allowed === (status === undefined), 'a denial says why, and nothing else does');
    const review: unknown = JSON.parse(new TextDecoder().decode(input));
    const request = isObject(review) ? objectOf(review['request']) : undefined;
    const reason = stringOf(audit['reason']) ?? '';
    if (allowed || reason === 'pod_unreadable') return `${allowed ? 'allowed' : 'denied'} ${reason}`;
    // What is not changed is never denied.
    const same = await ask(
      bytesOf({ ...objectOf(review), request: { ...request, object: request?.['oldObject'] ?? {} } }),
    );
    must(same !== undefined && readAnswer(same).allowed, 'an update that changes nothing is denied');
    return `denied ${reason}`;
  }

  return {
    name: 'updates',
    form: 'json',
    perByteUs: 4,
    seeds,
    generated: generatedPod.map(({ pod }) => bytesOf(reviewOf(pod, pod, 'pay'))),
    check,
  };
}

function seeds(): readonly Uint8Array[] {
  const all: Uint8Array[] = [];
  for (const [namespace, spec] of Object.entries(policies)) {
    const pod = podOf();
    const running = patched(pod, decideNow(pod, engineOf(policyText('own', spec))).patch);
    all.push(bytesOf(reviewOf(running, running, namespace)));
    all.push(bytesOf(reviewOf(running, withEach(running, { image: 'mallory/agent:1' }), namespace)));
    const small = { resources: { limits: { memory: '1Mi', cpu: '1m' } } };
    all.push(bytesOf(reviewOf(running, withEach(running, small), namespace, 'resize')));
    all.push(bytesOf(reviewOf(pod, withEach(pod, { image: 'shop/web:2' }), namespace)));
  }
  return all;
}

function withEach(pod: JsonObject, fields: JsonObject): JsonObject {
  const copy = draft(pod);
  const spec = objectAt(copy, 'spec');
  for (const one of [...draftsOf(spec['initContainers']), ...draftsOf(spec['containers'])]) Object.assign(one, fields);
  return copy;
}

function reviewOf(before: JsonObject, after: JsonObject, namespace: string, subResource = ''): JsonObject {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      operation: 'UPDATE',
      subResource,
      namespace,
      name: 'web',
      userInfo: { username: 'jane', groups: ['dev'] },
      oldObject: before,
      object: after,
    },
  };
}
