// Who refuses a pod, read from what the API server says. Each plug-in and webhook has its own way to say it, and a webhook
// may say anything, also another one's words: so a text only counts at the place where the API server itself writes it.
import type { ApiError } from '../client/api-error.js';

/** Who refuses pods. */
export type Refuser =
  | 'PodSecurity'
  | 'LimitRange'
  | 'ResourceQuota'
  | 'SecurityContextConstraints'
  | 'Kyverno'
  | 'Gatekeeper'
  | 'ValidatingAdmissionPolicy'
  | 'Webhook'
  | 'ServiceAccount'
  | 'Schema'
  | 'Admission';

/** A refusal of a pod. */
export interface Refusal {
  readonly by: Refuser;
  /** The webhook, the policy, the quota or the level; absent if the text does not say it. */
  readonly name?: string;
  /** The refuser's own words, without what the API server writes in front of them. */
  readonly words: string;
  /** For `Schema`: the fields that are wrong. */
  readonly fields?: readonly string[];
  /** Whether the one that decides did not answer, so that its verdict is not known. */
  readonly isOutage?: boolean;
}

/** What an error means that answers the creation of a pod. */
export type Meaning =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** The caller has not the right to create pods there. */
  | { readonly kind: 'forbidden'; readonly words: string }
  /** Whether the pod would be refused cannot be told. */
  | { readonly kind: 'unknown'; readonly words: string };

const longestWords = 2_000;

/** Finds out what an error means that answers the creation of a pod. Pure. */
export function meaningOf(error: Pick<ApiError, 'status' | 'reason' | 'said' | 'fields'>): Meaning {
  const words = shortened(error.said);
  if (isNoRight(error)) return { kind: 'forbidden', words };
  if (/^admission webhook "[^"]*" does not support dry run/.test(error.said)) return { kind: 'unknown', words };
  const outage = outageIn(error);
  if (outage !== undefined) return { kind: 'refused', refusal: outage };
  if (isTransient(error)) return { kind: 'unknown', words };
  const { words: own, ...who } = refuserOf(error);
  return { kind: 'refused', refusal: { ...who, words: shortened(own) } };
}

/** What authorization says; a plug-in names the pod in quotes behind `pods`. */
function isNoRight({ status, said }: Pick<ApiError, 'status' | 'said'>): boolean {
  return (
    status === 401 || (status === 403 && /^pods is forbidden: User ".*" cannot create resource "pods"/s.test(said))
  );
}

/** A webhook may refuse with any status, also with one that otherwise means that the API server is busy. */
function isTransient({ status, reason, said }: Pick<ApiError, 'status' | 'reason' | 'said'>): boolean {
  if (/^admission webhook "[^"]*" denied the request/.test(said)) return false;
  return status === 0 || status === 404 || status === 409 || status === 429 || status >= 500 || reason === 'Timeout';
}

/** A webhook without which no pod may be created, and that does not answer. */
function outageIn({ status, said }: Pick<ApiError, 'status' | 'said'>): Refusal | undefined {
  if (status < 500) return undefined;
  const name = /^Internal error occurred: failed calling webhook "([^"]+)": /.exec(said)?.[1];
  if (name === undefined) return undefined;
  return { by: webhookKind(name), name, words: shortened(said), isOutage: true };
}

function refuserOf({ said, fields, status, reason }: Pick<ApiError, 'said' | 'fields' | 'status' | 'reason'>): Refusal {
  const webhook = /^admission webhook "([^"]+)" denied the request(?:: (.*)| without explanation)$/s.exec(said);
  if (webhook?.[1] !== undefined) {
    const words = webhook[2] === undefined ? 'without explanation' : webhook[2].trim();
    return { by: webhookKind(webhook[1]), name: webhook[1], words };
  }
  const plugin = /^pods(?: "[^"]*")? is forbidden: (.*)$/s.exec(said)?.[1];
  if (plugin !== undefined) return pluginOf(plugin);
  if (status === 422 && reason === 'Invalid') {
    const words = /^Pod "[^"]*" is invalid: (.*)$/s.exec(said)?.[1] ?? said;
    return { by: 'Schema', words, ...(fields.length === 0 ? {} : { fields: [...new Set(fields)].slice(0, 20) }) };
  }
  return { by: status === 400 ? 'Schema' : 'Admission', words: said };
}

function webhookKind(name: string): Refuser {
  if (/(^|\.)kyverno\.svc(-|$)/.test(name)) return 'Kyverno';
  return /(^|\.)gatekeeper\.sh$/.test(name) ? 'Gatekeeper' : 'Webhook';
}

/** How each plug-in begins what it says. The group, if there is one, is the name. */
const plugins: readonly (readonly [Refuser, RegExp])[] = [
  ['ValidatingAdmissionPolicy', /^ValidatingAdmissionPolicy '([^']+)' (?:with binding '[^']*' )?denied request: /],
  ['PodSecurity', /^violates PodSecurity "([^"]+)": /],
  ['SecurityContextConstraints', /^unable to validate against any security context constraint: /],
  ['SecurityContextConstraints', /^no SecurityContextConstraints found /],
  ['ResourceQuota', /^(?:exceeded|failed) quota: ([^:,]+)[:,] /],
  ['ResourceQuota', /^status unknown for quota: ([^,]+), /],
  ['ResourceQuota', /^insufficient quota to (?:consume|match these scopes): /],
  ['LimitRange', /^\[?(?:minimum|maximum) \S+ usage per (?:Container|Pod) is /],
  ['LimitRange', /^\[?\S+ max limit to request ratio per (?:Container|Pod) is /],
  ['ServiceAccount', /^error looking up service account ([^:]+): /],
];

function pluginOf(words: string): Refusal {
  for (const [by, pattern] of plugins) {
    const match = pattern.exec(words);
    if (match === null) continue;
    const policyWords = by === 'ValidatingAdmissionPolicy' ? words.slice(match[0].length) : words;
    return { by, ...(match[1] === undefined ? {} : { name: match[1] }), words: policyWords };
  }
  return { by: 'Admission', words };
}

function shortened(text: string): string {
  return text.length <= longestWords ? text : `${text.slice(0, longestWords)}…`;
}
