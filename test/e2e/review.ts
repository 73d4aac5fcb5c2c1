import { isObject, listOf, objectOf, stringsOf, type JsonObject, type JsonValue } from '../../src/model/json.js';
import type { Operation } from '../../src/model/patch.js';

/** An answer of the webhook, read. */
export interface Reviewed {
  readonly allowed: boolean;
  /** `decision/reason`, from the audit annotations. */
  readonly verdict: string;
  readonly warnings: readonly string[];
  /** Message of a denial. */
  readonly message: string;
  readonly patch: readonly Operation[];
  readonly tookMs: number;
}

/** The AdmissionReview that the API server sends for a pod that is being made. */
export function envelope(pod: JsonObject): string {
  const metadata = objectOf(pod['metadata']);
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'e2e',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace: metadata?.['namespace'] ?? 'default',
      operation: 'CREATE',
      object: pod,
    },
  });
}

/** Reads the AdmissionReview that comes back. */
export function reviewedOf(text: string, tookMs: number): Reviewed {
  const answer: unknown = JSON.parse(text);
  const response = isObject(answer) ? objectOf(answer['response']) : undefined;
  const audit = objectOf(response?.['auditAnnotations']);
  const encoded = response?.['patch'];
  const patch: unknown =
    typeof encoded === 'string' ? JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) : undefined;
  return {
    allowed: response?.['allowed'] === true,
    verdict: `${show(audit?.['decision'])}/${show(audit?.['reason'])}`,
    warnings: stringsOf(response?.['warnings']) ?? [],
    message: show(objectOf(response?.['status'])?.['message']),
    patch: listOf(patch).filter(isOperation),
    tookMs,
  };
}

function show(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Whether a value off the wire is an operation of the kinds that the webhook writes. */
function isOperation(value: JsonValue): value is JsonValue & Operation {
  if (!isObject(value) || typeof value['path'] !== 'string') return false;
  const { op } = value;
  return op === 'remove' || ((op === 'add' || op === 'replace' || op === 'test') && value['value'] !== undefined);
}
