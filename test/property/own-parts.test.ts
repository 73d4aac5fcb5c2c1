import { readFileSync } from 'node:fs';
import t from 'tap';
import { z } from 'zod';
import type { Engine } from '../../src/engine/engine.js';
import { isArray, isObject, type JsonObject, type JsonValue } from '../../src/model/json.js';
import { throughTheServer } from '../support/cluster.js';
import { decideNow, engineOf, policyText } from '../support/engine.js';
import {
  draft,
  draftsOf,
  isDraftObject,
  members,
  nameOf,
  objectAt,
  patched,
  textOf,
  type Draft,
  type DraftObject,
} from '../support/json.js';
import { podOf } from '../support/pods.js';
import { profileDocuments } from './policies.js';

/*
 * Any one field of any part of ours, changed to another value: only what the closed list has passes. The fields are
 * those of the API server's own OpenAPI document, so also those that no plan sets.
 */

const file = new URL('../../../test/fixtures/kubernetes/pod-fields-1.36.3.json', import.meta.url);
const fields = z
  .looseObject({ container: z.record(z.string(), z.json()), volume: z.record(z.string(), z.json()) })
  .parse(JSON.parse(readFileSync(file, 'utf8')));

/** Values besides the sample of a field's type, where one of them might pass. */
const more: Readonly<Record<string, readonly JsonValue[]>> = {
  imagePullPolicy: ['Always', 'IfNotPresent', 'Never'],
  terminationMessagePath: ['/dev/termination-log', '/outrider/tools/busybox'],
  terminationMessagePolicy: ['File', 'FallbackToLogsOnError'],
  restartPolicy: ['Always', 'Never', 'OnFailure'],
  stdin: [false],
  tty: [false],
  'securityContext.runAsNonRoot': [false],
  'securityContext.readOnlyRootFilesystem': [false],
  'securityContext.allowPrivilegeEscalation': [false],
  'securityContext.privileged': [false],
  'securityContext.runAsUser': [0, 1000],
  'securityContext.seccompProfile.type': ['Unconfined', 'RuntimeDefault'],
  'securityContext.procMount': ['Unmasked', 'Default'],
  'securityContext.capabilities.drop[]': ['NET_RAW'],
  'image.pullPolicy': ['Always', 'IfNotPresent', 'Never'],
  'emptyDir.medium': ['Memory', ''],
  'hostPath.type': [''],
};

/** The closed list, once more and by itself: what of a part may become what. */
function passes(path: string, value: JsonValue | undefined, before: JsonValue | undefined): boolean {
  if (textOf(value) === textOf(before) || (isNothing(value) && isNothing(before))) return true;
  if (/^resources\.requests(\.|$)/.test(path)) return !/example\.com/.test(path);
  switch (path) {
    case 'imagePullPolicy':
    case 'image.pullPolicy':
      return value === 'Always' || value === 'IfNotPresent' || value === undefined;
    case 'terminationMessagePath':
      return value === '/dev/termination-log' || value === undefined;
    case 'terminationMessagePolicy':
      return value === 'File' || value === undefined;
    case 'securityContext.runAsNonRoot':
    case 'securityContext.readOnlyRootFilesystem':
      return value === true;
    case 'securityContext.allowPrivilegeEscalation':
      return value === false;
    case 'securityContext.privileged':
      return value === false || value === undefined;
    case 'securityContext.capabilities.drop[]':
      return true; // One more is dropped.
    case 'stdin':
    case 'tty':
    case 'stdinOnce':
      return value === false;
    default:
      // What the API server fills in may be absent, as it is before it comes by.
      return /\.fieldRef\.apiVersion$/.test(path) && (value === undefined || value === 'v1');
  }
}

function isNothing(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || value === '' || (isArray(value) && value.length === 0);
}

/** One change of one part. */
interface Change {
  readonly what: string;
  readonly passes: boolean;
  readonly apply: (part: DraftObject) => void;
}

/** Every change of a part: each field of the document set, each value that is there replaced and removed. */
function changesOf(part: JsonObject, kind: 'container' | 'volume'): readonly Change[] {
  return [...settingsOf(part, kind), ...removalsOf(part), ...unknownFields];
}

const unknownFields: readonly Change[] = [
  { what: 'a field of a later version', passes: false, apply: (part) => (part['later'] = { of: 'Kubernetes' }) },
];

function settingsOf(part: JsonObject, kind: 'container' | 'volume'): readonly Change[] {
  return Object.entries(fields[kind]).flatMap(([path, sample]) => {
    const samples = [...(isArray(sample) ? sample : [sample]), ...(more[path] ?? [])];
    return samples.flatMap((value) => settings(part, path, value));
  });
}

/** A field set to a value: in each member of a list that it is in, and in one more member. */
function settings(part: JsonObject, path: string, value: JsonValue): readonly Change[] {
  const [list = '', inner] = path.split('[]', 2);
  const found = valueAt(part, list);
  const count = path.includes('[]') && isArray(found) ? found.length : 0;
  const isDrop = path === 'securityContext.capabilities.drop[]';
  // A volume's field is nothing to be filled in where the volume is of another kind.
  const hasSource = !/^(image|hostPath|emptyDir)\./.test(path) || valueAt(part, path.split('.')[0] ?? '') !== undefined;
  const places = path.includes('[]') ? [...Array(count).keys(), count] : [0];
  return places.map((index): Change => {
    const isNew = path.includes('[]') && index === count;
    const place = path.includes('[]')
      ? [...list.split('.'), index, ...(inner ?? '').split('.').filter(Boolean)]
      : path.split('.');
    const named = place.map((step) => (step === '{}' ? 'example.com/x' : step));
    const before = valueOf(part, named);
    return {
      what: `${path} ${isNew ? 'of one more ' : ''}is ${textOf(value)}`,
      passes: isDrop ? isNew : !isNew && hasSource && passes(named.join('.'), value, before),
      apply: (copy) => {
        put(copy, named, value, path);
      },
    };
  });
}

/** Every value that is there taken away, and each list turned round. */
function removalsOf(part: JsonObject, at: readonly (string | number)[] = []): readonly Change[] {
  const node = valueOf(part, at);
  const inside = isArray(node) ? [...node.keys()] : isObject(node) ? Object.keys(node) : [];
  return inside.flatMap((step) => {
    const place = [...at, step];
    const path = place.filter((one) => typeof one === 'string').join('.');
    if (path === 'name') return [];
    const own: Change = {
      what: `without ${place.join('.')}`,
      passes: mayBeAbsent(part, place, path),
      apply: (copy) => {
        remove(copy, place);
      },
    };
    return [own, ...removalsOf(part, place)];
  });
}

/** What is absent before the API server comes by, what nobody needs, and what is none of ours. */
function mayBeAbsent(part: JsonObject, place: readonly (string | number)[], path: string): boolean {
  const value = valueOf(part, place);
  const [top, second] = place;
  if (top === 'command' || top === 'args') return false;
  if (typeof place.at(-1) === 'string' && (isNothing(value) || value === false)) return top !== 'securityContext';
  if (top === 'resources') {
    const limits = valueAt(part, 'resources.limits');
    if (place.length === 1) return limits === undefined;
    return second === 'requests' || (place[2] !== undefined && mayLackLimit(part, String(place[2])));
  }
  if (top === 'volumeMounts' && isToken(valueOf(part, place.slice(0, 2)))) return place.length === 2;
  if (top === 'volumeMounts' && place.length === 1) {
    const mounts = isArray(value) ? value : [];
    return mounts.every(isToken);
  }
  if (top === 'volumeMounts' && place[2] === 'readOnly') return value !== true;
  if (top === 'env' && place[2] === 'value') return value === '';
  return passes(path, undefined, value);
}

function mayLackLimit(part: JsonObject, name: string): boolean {
  // LimitRanger's own, which no plan has: only the agent's memory limit is anybody's but theirs.
  return name !== 'cpu' && name !== 'memory' && part['name'] === '';
}

function isToken(mount: JsonValue | undefined): boolean {
  return isObject(mount) && mount['name'] === 'kube-api-access-x7x2x';
}

function valueAt(part: JsonObject, path: string): JsonValue | undefined {
  return valueOf(part, path.split('.'));
}

function valueOf(part: JsonValue, place: readonly (string | number)[]): JsonValue | undefined {
  let node: JsonValue | undefined = part;
  for (const step of place) {
    if (typeof step === 'number') node = isArray(node) ? node[step] : undefined;
    else node = isObject(node) ? node[step] : undefined;
  }
  return node;
}

function put(copy: DraftObject, place: readonly (string | number)[], value: JsonValue, path: string): void {
  let node: Draft | undefined = copy;
  for (const [depth, step] of place.entries()) {
    const isLast = depth === place.length - 1;
    const next = place[depth + 1];
    const made: Draft = isLast
      ? path.endsWith('[]') || typeof step === 'number' || typeof next !== 'number'
        ? draftOf(value)
        : null
      : typeof next === 'number'
        ? []
        : {};
    if (Array.isArray(node) && typeof step === 'number') {
      if (isLast || node[step] === undefined) node[step] = made;
      node = node[step];
    } else if (isDraftObject(node) && typeof step === 'string') {
      if (isLast || node[step] === undefined || node[step] === null) node[step] = made;
      node = node[step];
    }
  }
}

function draftOf(value: JsonValue): Draft {
  return draft({ value })['value'] ?? null;
}

function remove(copy: DraftObject, place: readonly (string | number)[]): void {
  let node: Draft | undefined = copy;
  for (const step of place.slice(0, -1)) {
    if (Array.isArray(node) && typeof step === 'number') node = node[step];
    else if (isDraftObject(node) && typeof step === 'string') node = node[step];
  }
  const last = place.at(-1);
  if (Array.isArray(node) && typeof last === 'number') node.splice(last, 1);
  else if (isDraftObject(node) && typeof last === 'string') Reflect.deleteProperty(node, last);
}

const profiles: Readonly<Record<string, JsonObject>> = {
  sysdig: { profile: { name: 'sysdig', settings: { region: 'us2' } } },
  datadog: { profile: { name: 'datadog' } },
  'datadog-node': { profile: { name: 'datadog-node' } },
  acme: { profile: { name: 'acme', settings: { region: 'eu' } } },
  lab: { profile: { name: 'lab' } },
  'lab, image volume': { profile: { name: 'lab' }, delivery: 'ImageVolume' },
  'sysdig, plain': { profile: { name: 'sysdig', settings: { region: 'us2' } }, agent: { placement: 'Container' } },
};
const policies = {
  'Security, Forbidden': { prefer: 'Security', optOut: 'Forbidden' },
  'Security, Allowed': { prefer: 'Security', optOut: 'Allowed' },
  'Availability, Forbidden': { prefer: 'Availability', optOut: 'Forbidden' },
  'Availability, Allowed': { prefer: 'Availability', optOut: 'Allowed' },
} as const;

const nodeAgent = podOf({ containers: [{ name: 'system-probe', image: 'shop/web:1', command: ['/app'] }] });

type List = 'volumes' | 'initContainers' | 'containers';

/** Changes one part of a pod. */
function withChange(pod: JsonObject, list: List, index: number, change: Change): JsonObject {
  const copy = draft(pod);
  const part = draftsOf(objectAt(copy, 'spec')[list])[index];
  if (part !== undefined) change.apply(part);
  return copy;
}

interface Counts {
  tried: number;
  passed: number;
  denied: number;
  putBack: number;
  told: number;
}

/** Judges one changed pod; returns what is wrong, if anything. */
function judge(
  pod: JsonObject,
  change: Change,
  engine: Engine,
  policy: keyof typeof policies,
  counts: Counts,
): string | undefined {
  const { prefer, optOut } = policies[policy];
  const at = decideNow(pod, engine, 'validate').decision;
  if (change.passes) {
    counts.passed += 1;
    return at.reason === 'injected' ? undefined : `is ${at.decision} ${at.reason}: ${at.detail}`;
  }
  if (at.reason === 'injected') return 'passes';
  if (prefer === 'Availability' && optOut === 'Allowed') {
    counts.told += 1;
    return at.decision === 'deny' ? `is denied: ${at.reason}` : undefined;
  }
  // A part that is gone altogether, or is none of ours any more, is missing: Availability minds only what is forged.
  const isMissing = at.reason === 'parts_missing' && prefer === 'Availability';
  if (at.decision !== 'deny' && !isMissing) return `is ${at.decision} ${at.reason}: ${at.detail}`;
  counts.denied += 1;
  if (optOut !== 'Forbidden') return undefined;
  const { patch } = decideNow(pod, engine);
  const back = patched(pod, patch);
  const then = decideNow(back, engine, 'validate').decision;
  // Under another name it is the workload's, and nobody knows what it starts: ours are next to it.
  if (then.reason === 'image_unresolved' && change.what.startsWith('name ')) return undefined;
  if (then.reason !== 'injected')
    return then.decision === 'deny' ? undefined : `then is ${then.decision} ${then.reason}`;
  counts.putBack += 1;
  const again = decideNow(back, engine).patch;
  return again.length === 0 ? undefined : `is put back twice: ${textOf(again)}`;
}

t.setTimeout(300_000);
const all: Counts = { tried: 0, passed: 0, denied: 0, putBack: 0, told: 0 };

for (const [profile, spec] of Object.entries(profiles)) {
  for (const policy of [
    'Security, Forbidden',
    'Security, Allowed',
    'Availability, Forbidden',
    'Availability, Allowed',
  ] as const) {
    t.test(`F2: ${profile}, ${policy}: any one field of any part of ours`, (t) => {
      const engine = engineOf(`${profileDocuments}${policyText('p', { ...spec, ...policies[policy] })}`);
      const user = profile === 'datadog-node' ? nodeAgent : podOf();
      const first = decideNow(user, engine);
      const bare = patched(user, first.patch);
      const whole = throughTheServer(bare);
      for (const pod of [bare, whole]) {
        t.match(decideNow(pod, engine, 'validate').decision, { decision: 'inject', reason: 'injected' });
        t.same(decideNow(pod, engine).patch, []);
      }
      const wrong: string[] = [];
      const own = new Set(
        [...(first.plan?.volumes ?? []), ...(first.plan?.initContainers ?? []), ...(first.plan?.containers ?? [])].map(
          ({ name, part }) => `${part === 'volume'} ${name}`,
        ),
      );
      for (const list of ['volumes', 'initContainers', 'containers'] as const) {
        for (const [index, part] of members(whole, list).entries()) {
          if (!own.has(`${list === 'volumes'} ${nameOf(part)}`)) continue;
          for (const change of changesOf(part, list === 'volumes' ? 'volume' : 'container')) {
            all.tried += 1;
            const problem = judge(withChange(whole, list, index, change), change, engine, policy, all);
            if (problem !== undefined) wrong.push(`${list} ${nameOf(part)}: ${change.what}: ${problem}`);
          }
        }
      }
      t.same(wrong, []);
      t.end();
    });
  }
}

t.test('how many changes were tried', (t) => {
  t.comment(JSON.stringify(all));
  t.ok(all.tried > 10_000 && all.denied > 5_000 && all.putBack > 2_000 && all.passed > 500);
  t.end();
});
