import type { Decision, WouldBe } from '../../model/decision.js';
import type { JsonObject } from '../../model/json.js';
import { longestName } from '../../model/object-name.js';
import { reasons, type ReasonCode } from '../../model/reasons.js';
import { microTime } from '../micro-time.js';
import type { Regarding } from './regarding.js';

/** The reporting controller, a field that the Events API requires. */
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

/** The content of an Event. If the same action and reason come again about one object, the latest note counts. */
export interface Told {
  readonly action: string;
  /** A code. */
  readonly reason: string;
  /** For people. It is cut off if it is too long. */
  readonly note: string;
  /** Default: `Warning`. */
  readonly type?: 'Normal' | 'Warning';
}

/**
 * The text of an Event about a decision.
 * @param one the subject, such as `a pod`
 */
export function toldOf(one: string, decision: Pick<Decision, 'decision' | 'reason' | 'detail' | 'policy'>): Told {
  return { action: actions[decision.decision], reason: decision.reason, note: noteOf(one, decision) };
}

const wouldActions = {
  skip: 'WouldSkip',
  partial: 'WouldInstrumentPartly',
  deny: 'WouldDeny',
  inject: 'WouldInstrument',
} as const;
const wouldHappen = {
  skip: 'would not be instrumented',
  partial: 'would be instrumented in part',
  deny: 'would be denied',
  inject: 'would be instrumented',
} as const;

/**
 * The text of an Event about what a policy in mode Report would do.
 * @param one the subject, such as `a pod`
 */
export function toldOfReport(one: string, policy: string, { decision, reason, detail }: WouldBe): Told {
  const what = detail === '' ? reasons[reason].summary : detail;
  const text = `${one} ${wouldHappen[decision]} by policy ${policy}, which only reports: ${what}`;
  const isGood = decision === 'inject';
  return {
    action: wouldActions[decision],
    reason,
    note: isGood ? clipped(text.replace(/\.?$/, '.')) : withRemedy(text, reason),
    type: isGood ? 'Normal' : 'Warning',
  };
}

/**
 * An Event of `events.k8s.io/v1`.
 * @param unique makes the Event's name unique
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
    type: told.type ?? 'Warning',
    note: clipped(told.note),
  };
}

/** What turns a single Event into a series. */
export function seriesPatch(count: number, wallMs: number): JsonObject {
  return { series: { count, lastObservedTime: microTime(wallMs) } };
}

function noteOf(
  one: string,
  { decision, reason, detail, policy }: Pick<Decision, 'decision' | 'reason' | 'detail' | 'policy'>,
): string {
  const by = policy === undefined ? '' : ` by policy ${policy}`;
  return withRemedy(
    `${one} ${whatHappened[decision]}${by}: ${detail === '' ? reasons[reason].summary : detail}`,
    reason,
  );
}

/** With what to do about it where that fits. */
function withRemedy(text: string, reason: ReasonCode): string {
  const whole = `${text.replace(/\.?$/, '.')} ${reasons[reason].remedy}`;
  return clipped(Buffer.byteLength(whole) <= longestNoteBytes ? whole : text);
}

/** The beginning of a text that fits into the bytes of a note, without a partial character at its end. */
function clipped(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= longestNoteBytes) return text;
  const cut = bytes.subarray(0, longestNoteBytes - 3).toString('utf8');
  return `${cut.replace(/\uFFFD+$/, '')}…`;
}
