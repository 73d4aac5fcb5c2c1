import { objectOf, parsedJson, stringOf, type JsonObject } from '../../model/json.js';
import { names } from '../../model/names.js';

/** The text in a marker for a pause without an end. */
export const forever = 'forever';

/** A pause, as its marker describes it. The marker's author can write anything into it, so `by` is a claim. */
export interface Pause {
  /** Milliseconds since 1970; `Infinity` for a pause without an end. */
  readonly untilMs: number;
  /** When it was begun, RFC 3339. */
  readonly since: string | undefined;
  /** Name of the user who began it. */
  readonly by: string | undefined;
  /** What the person who paused gave as a reason. */
  readonly reason: string | undefined;
  /** Where the marker is. `ConfigMap`: where earlier versions put it. */
  readonly marker: 'configurations' | 'ConfigMap';
}

/** The objects that can carry a marker. `undefined`: there is none. */
export interface MarkedObjects {
  readonly mutating: JsonObject | undefined;
  readonly validating: JsonObject | undefined;
  readonly configMap: JsonObject | undefined;
}

// Texts of a marker go to terminals, logs and Events.
const longestText = 256;

/**
 * Reads the marker of a webhook configuration, whether its time is over or not. An unreadable marker means a pause without
 * an end: its author could also delete the configuration, and wanted to pause.
 */
export function markIn(configuration: JsonObject | undefined): Pause | undefined {
  const text = annotationOf(configuration, names.paused)?.trim() ?? '';
  if (text === '') return undefined;
  const { since, until, by, reason } = objectOf(parsedJson(text)) ?? {};
  return {
    untilMs: timeOf(stringOf(until) ?? forever),
    since: plain(stringOf(since)),
    by: plain(stringOf(by)),
    reason: plain(stringOf(reason)),
    marker: 'configurations',
  };
}

/** The annotation's text for a pause. */
export function markText(pause: Pause): string {
  const { since, by, reason } = pause;
  return JSON.stringify({ since, until: untilText(pause), by, reason });
}

/** Reads the marker that earlier versions put on the installation's ConfigMap, whether its time is over or not. */
export function olderMarkIn(configMap: JsonObject | undefined): Pause | undefined {
  const until = annotationOf(configMap, names.pausedUntil)?.trim() ?? '';
  if (until === '') return undefined;
  const reason = plain(annotationOf(configMap, names.pauseReason));
  return { untilMs: timeOf(until), since: undefined, by: undefined, reason, marker: 'ConfigMap' };
}

/** Whether a pause is in effect at a time. */
export function holds(pause: Pause | undefined, nowMs: number): pause is Pause {
  return pause !== undefined && nowMs < pause.untilMs;
}

/**
 * The pause that is in effect at a time. A ConfigMap has other writers than webhook configurations. So the marker of earlier
 * versions only counts if both configurations are gone, which is how those versions left them. It keeps configurations from
 * being created, but cannot switch off existing ones (F31).
 */
export function pauseAt({ mutating, validating, configMap }: MarkedObjects, nowMs: number): Pause | undefined {
  const marks = [markIn(mutating), markIn(validating)].filter((mark) => holds(mark, nowMs));
  if (marks.length > 0) return marks.reduce((one, other) => (other.untilMs > one.untilMs ? other : one));
  if (mutating !== undefined || validating !== undefined) return undefined;
  const older = olderMarkIn(configMap);
  return holds(older, nowMs) ? older : undefined;
}

/** Whether the ConfigMap carries a marker that would still be valid but does not count. */
export function isOlderMarkIgnored(objects: MarkedObjects, nowMs: number): boolean {
  return holds(olderMarkIn(objects.configMap), nowMs) && pauseAt(objects, nowMs)?.marker !== 'ConfigMap';
}

/** The end of a pause, for people. */
export function untilText({ untilMs }: Pick<Pause, 'untilMs'>): string {
  return untilMs === Infinity ? forever : secondsText(untilMs);
}

/** A time to the second, RFC 3339. */
export function secondsText(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** A pause as it is printed. */
export interface PauseWords {
  readonly until: string;
  readonly since?: string | undefined;
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

/** A pause in a few words, such as `until …, since …, by jane, as its marker says: registry is down`. */
export function pauseSentence(pause: PauseWords): string {
  const { until, since, by, reason } = pause;
  const end = until === forever ? 'until it is resumed' : `until ${until}`;
  const from = since === undefined ? '' : `, since ${since}`;
  const who = by === undefined ? '' : `, by ${by} as its marker says`;
  return `${end}${from}${who}${reason === undefined ? '' : ` (${reason})`}`;
}

function timeOf(until: string): number {
  const untilMs = until === forever ? Infinity : Date.parse(until);
  return Number.isNaN(untilMs) ? Infinity : untilMs;
}

function annotationOf(object: JsonObject | undefined, name: string): string | undefined {
  return stringOf(objectOf(objectOf(object?.['metadata'])?.['annotations'])?.[name]);
}

/** Removes characters that move a cursor or hide text. */
function plain(text: string | undefined): string | undefined {
  const clean = text
    ?.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, longestText);
  return clean === '' ? undefined : clean;
}
