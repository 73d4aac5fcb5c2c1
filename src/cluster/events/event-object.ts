import type { Decision } from '../../model/decision.js';
import type { JsonObject } from '../../model/json.js';
import { longestName } from '../../model/object-name.js';
import { reasons } from '../../model/reasons.js';
import { microTime } from '../micro-time.js';
import type { Regarding } from './regarding.js';

/** Says who reports: the field that the Events API asks for. */
export const reportingController = 'outrider.dev/webhook';

const longestNoteBytes = 1024;
const longestInstance = 128;

const actions = { skip: 'Skip', partial: 'InstrumentPartly', deny: 'Deny', inject: 'Instrument' } as const;
const whatHappened = {
  skip: 'was not instrumented',
  partial: 'was instrumented in part',
  deny: 'was denied',
  inject: 'was instrumented',
} as const;

/** What an Event tells: of what comes again with the same action and reason about one object, the latest note counts. */
export interface Told {
  readonly action: string;
  /** A code. */
  readonly reason: string;
  /** For people; what does not fit is cut off. */
  readonly note: string;
}

/**
 * What is told of a decision.
 * @param one what it is about, such as `a pod`
 */
export function toldOf(one: string, decision: Pick<Decision, 'decision' | 'reason' | 'detail' | 'policy'>): Told {
  return { action: actions[decision.decision], reason: decision.reason, note: noteOf(one, decision) };
}

/**
 * An Event of `events.k8s.io/v1`.
 * @param unique makes the Event's name differ from all others
 */
export function eventObject(about: {
  readonly regarding: Regarding;
  readonly told: Told;
  readonly identity: string;
  readonly wallMs: number;
  readonly unique: string;
}): JsonObject {
  const { regarding, told, identity, wallMs, unique } = about;
  const { apiVersion, kind, namespace, name, uid } = regarding;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, longestName - unique.length - 1).replace(/[-.]+$/, '')}.${unique}`, namespace },
    eventTime: microTime(wallMs),
    reportingController,
    reportingInstance: identity.slice(0, longestInstance),
    action: told.action,
    reason: told.reason,
    regarding: { apiVersion, kind, namespace, name, ...(uid === undefined ? {} : { uid }) },
    type: 'Warning',
    note: clipped(told.note),
  };
}

/** What makes of a single Event a series. */
export function seriesPatch(count: number, wallMs: number): JsonObject {
  return { series: { count, lastObservedTime: microTime(wallMs) } };
}

function noteOf(
  one: string,
  { decision, reason, detail, policy }: Pick<Decision, 'decision' | 'reason' | 'detail' | 'policy'>,
): string {
  const by = policy === undefined ? '' : ` by policy ${policy}`;
  const text = `${one} ${whatHappened[decision]}${by}: ${detail === '' ? reasons[reason].summary : detail}`;
  const whole = `${text.replace(/\.?$/, '.')} ${reasons[reason].remedy}`;
  return clipped(Buffer.byteLength(whole) <= longestNoteBytes ? whole : text);
}

/** The beginning of a text that fits into the bytes of a note, without half a character at its end. */
function clipped(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= longestNoteBytes) return text;
  const cut = bytes.subarray(0, longestNoteBytes - 3).toString('utf8');
  return `${cut.replace(/\uFFFD+$/, '')}…`;
}
