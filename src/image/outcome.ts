import type { ImageOutcome } from '../model/image.js';
import type { ReasonCode } from '../model/reasons.js';
import type { Credential, RegistryError } from './types.js';

/** One credential's failure. */
export interface Failure {
  readonly credential: Credential;
  readonly error: RegistryError;
}

/** Reasons whose message is this project's own and is only about the image. */
const tellable: ReadonlySet<ReasonCode> = new Set([
  'image_reference_invalid',
  'image_not_found',
  'image_not_runnable',
  'image_platforms_differ',
]);

const plainWords: Readonly<Partial<Record<ReasonCode, string>>> = {
  registry_unreachable: 'the registry does not answer',
  image_config_invalid: 'the registry’s answer is damaged, or no manifest',
  registry_denied: 'the registry is not one Outrider may talk to',
  registry_rate_limited: 'the registry asks to be left alone for a while',
  too_many_lookups: 'other look-ups of its namespace were still under way',
};

const longest = 600;

/** Removes control characters, which a terminal would obey, because a text may quote a registry. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}

/** A reference as it was written, in one line of limited length. */
function shown(reference: string): string {
  const line = oneLine(reference);
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/** A failed outcome for a pod's author: `ghcr.io/acme/worker:3 → …`. */
export function failed(reason: ReasonCode, reference: string, what: string): ImageOutcome {
  const line = oneLine(what);
  const text = line.length > longest ? `${line.slice(0, longest)}…` : line;
  return { ok: false, reason, detail: `${shown(reference)} → ${text}` };
}

/** The registry's answer in a word or two: status and code, never its body or an address (E16). */
function answerOf({ reason, status, registryCode, message }: RegistryError): string {
  if (status !== undefined && status >= 400)
    return registryCode === undefined ? String(status) : `${status} ${registryCode}`;
  if (tellable.has(reason)) return message;
  return plainWords[reason] ?? registryCode ?? 'the registry’s answer cannot be used';
}

const mostNotes = 3;

/** The unused credentials, as the end of a sentence; empty if there are none. */
export function notUsed(notes: readonly string[]): string {
  const distinct = [...new Set(notes)];
  if (distinct.length === 0) return '';
  const more = distinct.length > mostNotes ? ` and ${distinct.length - mostNotes} more` : '';
  return `; not used: ${distinct.slice(0, mostNotes).join(', ')}${more}`;
}

/** Whether another credential could succeed: the registry refused this one, or hides what it may not see (E11). */
export function worthAnother({ reason }: RegistryError): boolean {
  return reason === 'image_unauthorized' || reason === 'image_not_found';
}

/**
 * Whether the registry let this credential see the repository, and has no such manifest in it (OCI distribution-spec:
 * `NAME_UNKNOWN` is the code for a repository that is not known, or not shown).
 */
function isMissingForSure({ error }: Failure): boolean {
  return error.reason === 'image_not_found' && error.registryCode === 'MANIFEST_UNKNOWN';
}

/**
 * Combines the failures of all tried credentials into one outcome. The failure that stopped the attempts decides, then one
 * of a credential that sees the repository and finds no such image. Otherwise the image is missing only if every answer says
 * so, because a registry may answer 404 to a credential without rights.
 *
 * @param failures in the order they were met, at least one.
 * @param notes credentials that were not used, and why
 */
export function outcomeOf(
  reference: string,
  failures: readonly Failure[],
  notes: readonly string[] = [],
): ImageOutcome {
  const decisive =
    failures.find(({ error }) => !worthAnother(error)) ??
    failures.find(isMissingForSure) ??
    failures.find(({ error }) => error.reason === 'image_unauthorized') ??
    failures[0];
  if (decisive === undefined) return failed('image_unauthorized', reference, 'there was nothing to try');
  const { error } = decisive;
  const sources = [...new Set(failures.map(({ credential }) => credential.source))];
  const tried = sources.map((source) => (source === 'anonymous' ? 'anonymously' : source)).join(', ');
  const answer = answerOf(error);
  return failed(error.reason, reference, worthAnother(error) ? `${answer}; tried ${tried}${notUsed(notes)}` : answer);
}
