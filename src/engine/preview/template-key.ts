import { createHash } from 'node:crypto';
import { listOf, objectOf, stringMembersOf, type JsonObject } from '../../model/json.js';
import { canaryWorkload, chooseRule, type CanaryWorkload } from '../canary.js';
import type { Engine } from '../engine.js';

/** A pod template, with all that decides besides. */
export interface KeyedTemplate {
  readonly pod: JsonObject;
  readonly namespace: string;
  /** The object that the template stands in. */
  readonly workload: CanaryWorkload;
  /** Of the namespace: see `namespaceKey`. */
  readonly namespaceKey: string;
  /** What else is known to decide: whose pull secrets the look-ups of its images use. */
  readonly also: string;
}

/**
 * A hash that is the same for two templates if they are decided alike, so that only one of them has to be: the template, the
 * facts of its namespace, which policies select it, and on which side of each canary its workload is. What only says whose
 * pod it is does not count.
 */
export function templateKey(template: KeyedTemplate, engines: readonly Engine[]): string {
  const { pod, namespaceKey, also } = template;
  const labels = stringMembersOf(objectOf(pod['metadata'])?.['labels']);
  const selected = engines.map(({ rules }) => rules.policies.ranked.map((policy) => policy.matchesPod(labels)));
  const text = JSON.stringify([plainPod(pod), selected, sidesOf(template, engines), namespaceKey, also]);
  // The volume that the API server adds for a token has a random name.
  return createHash('sha256').update(text.replaceAll(tokenVolume, '"kube-api-access"')).digest('hex').slice(0, 20);
}

const tokenVolume = /"kube-api-access-[a-z0-9]{5}"/g;

// A label without a domain, such as `app`, is only looked at by selectors and canaries, and so are those of controllers.
const onlyNaming = /^(?:[^/]+|(?:(?:apps?|batch|statefulset)\.kubernetes\.io|helm\.sh)\/.*)$/;
// Annotations that only other programs read.
const ofOthers = /^(?:checksum|prometheus\.io|cni\.projectcalico\.org)\/|^kubectl\.kubernetes\.io\/restartedAt$/;

/** What decides of a pod: not its name, nor where it runs. */
function plainPod({ metadata, spec }: JsonObject): JsonObject {
  const { labels, annotations } = objectOf(metadata) ?? {};
  return {
    labels: without(stringMembersOf(labels), onlyNaming),
    annotations: without(stringMembersOf(annotations), ofOthers),
    spec: without(objectOf(spec) ?? {}, /^nodeName$/),
  };
}

function without(map: JsonObject, left: RegExp): JsonObject {
  return Object.fromEntries(Object.entries(map).filter(([name]) => !left.test(name)));
}

function sidesOf({ pod, namespace, workload }: KeyedTemplate, engines: readonly Engine[]): readonly boolean[] {
  return engines.flatMap(({ rules }) =>
    [...rules.byPolicy.values()].flatMap((rule) => {
      if (rule.canary === undefined) return [];
      const counted = canaryWorkload(objectOf(pod['metadata']) ?? {}, workload);
      return [chooseRule(rule, namespace, counted).rule === rule];
    }),
  );
}

/** Whether what a container's image starts may have to be looked up. */
export function mayLookUp({ spec }: JsonObject): boolean {
  const { containers, initContainers } = objectOf(spec) ?? {};
  return [...listOf(containers), ...listOf(initContainers)].some(
    (container) => listOf(objectOf(container)?.['command']).length === 0,
  );
}
