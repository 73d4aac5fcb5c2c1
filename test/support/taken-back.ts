import { canaryWorkload } from '../../src/engine/canary.js';
import type { Engine } from '../../src/engine/engine.js';
import { KnownEntries, markOf, planIdentity } from '../../src/engine/take-back/left-alone.js';
import { objectOf, type JsonObject } from '../../src/model/json.js';
import { takenBackKey, type TakenBackEntry } from '../../src/model/taken-back.js';
import { entryOf } from './taken-back-entry.js';

/** An entry by which a pod of namespace `shop` is left alone. */
export function entryFor(pod: JsonObject, engine: Engine, over: Partial<TakenBackEntry> = {}): TakenBackEntry {
  const [[policy, rule] = []] = engine.rules.byPolicy;
  if (policy === undefined || rule === undefined) throw new Error('no policy');
  return entryOf({
    ...canaryWorkload(objectOf(pod['metadata']) ?? {}),
    policy,
    plan: planIdentity(rule, engine.facts),
    template: markOf(pod),
    at: '2026-01-01T00:05:00Z',
    ...over,
  });
}

/** What all replicas know, with these entries. */
export function takenBackOf(...entries: readonly TakenBackEntry[]): KnownEntries {
  const byKey = new Map(entries.map((entry) => [takenBackKey(entry), entry]));
  return new KnownEntries(byKey);
}

/** An engine that leaves a pod alone. */
export function withTakenBack(engine: Engine, pod: JsonObject, over: Partial<TakenBackEntry> = {}): Engine {
  return { ...engine, takenBack: takenBackOf(entryFor(pod, engine, over)) };
}
