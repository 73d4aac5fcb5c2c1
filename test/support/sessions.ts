import type { DoorHandler } from '../../src/admission/handler.js';
import { createAttachDoor, createExecDoor } from '../../src/admission/session-doors.js';
import type { SessionDoorOptions } from '../../src/admission/session-review.js';
import type { Reviewed } from '../../src/admission/door-options.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Door } from '../../src/model/decision.js';
import type { JsonObject } from '../../src/model/json.js';
import type { SessionRecord } from '../../src/model/session-record.js';
import { readAnswer } from './engine.js';

/** A review of a session, as the API server posts it: without the pod. */
export function sessionReview(kind: 'exec' | 'attach', options: JsonObject, request: JsonObject = {}): JsonObject {
  const kindName = kind === 'exec' ? 'PodExecOptions' : 'PodAttachOptions';
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: { group: '', version: 'v1', kind: kindName },
      resource: { group: '', version: 'v1', resource: 'pods' },
      subResource: kind,
      requestKind: { group: '', version: 'v1', kind: kindName },
      requestResource: { group: '', version: 'v1', resource: 'pods' },
      requestSubResource: kind,
      name: 'web',
      namespace: 'shop',
      operation: 'CONNECT',
      userInfo: { username: 'jo@example.com', groups: ['developers', 'system:authenticated'] },
      object: { kind: kindName, apiVersion: 'v1', stdout: true, stderr: true, ...options },
      oldObject: null,
      dryRun: false,
      options: null,
      ...request,
    },
  };
}

/** What a door for sessions answered, told and wrote down. */
export interface SessionAnswer extends ReturnType<typeof readAnswer> {
  readonly reviewed: readonly Reviewed[];
  readonly records: readonly SessionRecord[];
  readonly failures: readonly unknown[];
}

/** Sends a review through a door for sessions. */
export async function askSessionDoor(
  kind: 'exec' | 'attach',
  door: Door,
  body: JsonObject | Buffer,
  setup: Partial<SessionDoorOptions> & { readonly engine: () => Engine; readonly signal?: AbortSignal },
): Promise<SessionAnswer> {
  const [reviewed, records, failures]: [Reviewed[], SessionRecord[], unknown[]] = [[], [], []];
  const { signal = new AbortController().signal, ...given } = setup;
  const options: SessionDoorOptions = {
    namespaceLabels: () => ({}),
    onReviewed: (one) => void reviewed.push(one),
    onSession: (one) => void records.push(one),
    onFailure: (error) => void failures.push(error),
    ...given,
  };
  const handler: DoorHandler = kind === 'exec' ? createExecDoor(door, options) : createAttachDoor(options);
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const text = await handler(bytes, { signal, traceparent: undefined });
  return { ...readAnswer(text), reviewed, records, failures };
}
