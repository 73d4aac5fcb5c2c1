import { readAgentImages } from '../../cluster/live/read-agent-images.js';
import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import {
  changedPoliciesOf,
  readPolicyObjects,
  type LivePolicies,
  type PolicyObjects,
} from '../../cluster/live/read-policies.js';
import { isApiError } from '../../cluster/client/api-error.js';
import { readProfileObject } from '../../documents/configuration/object.js';
import type { Configuration } from '../../documents/configuration/configuration.js';
import { argvIn } from '../../engine/configure.js';
import type { Rules } from '../../engine/rules.js';
import { rewriteImage } from '../../inject/rewrite-image.js';
import { OutriderError } from '../../model/error.js';
import type { ImageConfig } from '../../model/image.js';
import { asJson, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import { apiVersion } from '../../model/names.js';
import type { Profile } from '../../model/profile.js';
import { textsOf, type Invocation } from '../command.js';
import { together } from '../errors.js';
import { givesPolicies, warnOfInvalid } from '../live/engine.js';
import type { KnownInstallation } from '../live/ground.js';
import { readGivenPolicies, readImageConfigs } from '../options/policy.js';

/** What happens to one policy. */
export interface PolicyChange {
  readonly name: string;
  readonly change: 'added' | 'replaced' | 'removed';
}

/** A cluster's policies now, and then. */
export interface ChangedRules {
  readonly now: Rules;
  readonly then: Rules;
  readonly changes: readonly PolicyChange[];
  /** Whether the cluster knows our kinds at all. */
  readonly installed: boolean;
  /** What images start, by reference. */
  readonly images: ReadonlyMap<string, ImageConfig>;
}

/**
 * Reads the cluster's policies and those of the command line, which replace the cluster's of the same name and are added to
 * the others. Those of `--without` are left out.
 *
 * @throws OutriderError, or an AggregateError of them
 */
export async function readChangedRules(
  invocation: Invocation,
  settings: { readonly instance: string; readonly ownNamespace: string },
  client: OpenCluster['client'],
  { clusterSettings, images: known }: KnownInstallation,
): Promise<ChangedRules> {
  const without = textsOf(invocation.flags['without']);
  const gives = givesPolicies(invocation);
  if (!gives && without.length === 0) {
    const message = 'nothing changes: give --policy FILE, or --without NAME for a policy of the cluster to take away.';
    throw new OutriderError('usage', message);
  }
  const [{ installed, ...before }, found] = await Promise.all([objectsIn(client), readAgentImages(client, settings)]);
  const given = gives ? await readGivenPolicies(invocation, profilesIn(before)) : undefined;
  const after = changed(before, given, without);
  const images = new Map([...known, ...(given?.images ?? (await readImageConfigs(invocation)))]);
  const { imageRewrites } = clusterSettings;
  const listed = argvIn(images, imageRewrites);
  const { now, then } = changedPoliciesOf(before, after, {
    argvOf: (image) => listed(image) ?? found.get(rewriteImage(image, imageRewrites))?.argv,
    instance: settings.instance,
  });
  refuseInvalid(then, given);
  warnOfInvalid(then, invocation.io);
  return { now: now.rules, then: then.rules, installed, images, changes: changesBetween(before, given, without) };
}

/** A cluster without our kinds has no policies: what they would do can be seen before anything is installed. */
async function objectsIn(client: OpenCluster['client']): Promise<PolicyObjects & { readonly installed: boolean }> {
  try {
    return { ...(await readPolicyObjects(client)), installed: true };
  } catch (error) {
    const isAbsent = error instanceof OutriderError && isApiError(error.cause, 'NotFound');
    if (!isAbsent) throw error;
    return { policies: [], profiles: [], installed: false };
  }
}

function profilesIn({ profiles }: PolicyObjects): readonly Profile[] {
  return profiles.flatMap((object) => {
    const { spec } = object;
    const document = { apiVersion, kind: 'InstrumentationProfile', metadata: { name: nameIn(object) }, spec };
    return readProfileObject(asJson(document)).value ?? [];
  });
}

function changed(before: PolicyObjects, given: Configuration | undefined, without: readonly string[]): PolicyObjects {
  const kept = before.policies.filter((object) => !without.includes(nameIn(object)));
  const missing = without.find((name) => !before.policies.some((object) => nameIn(object) === name));
  if (missing !== undefined) {
    const names = before.policies.map(nameIn).join(', ');
    const message = `--without ${missing}: the cluster has no such policy; it has ${names === '' ? 'none' : names}.`;
    throw new OutriderError('usage', message);
  }
  return {
    policies: overlaid(
      kept,
      (given?.policies ?? []).map(({ policy }) => asJson(policy)),
    ),
    profiles: overlaid(
      before.profiles,
      (given?.profiles ?? []).map(({ profile }) => asJson(profile)),
    ),
  };
}

/** The objects with others in the place of those with the same name. They stay the same object, with its status. */
function overlaid(before: readonly JsonObject[], given: readonly JsonObject[]): readonly JsonObject[] {
  const byName = new Map(given.map((object) => [nameIn(object), object]));
  const kept = before.map((object) => {
    const other = byName.get(nameIn(object));
    byName.delete(nameIn(object));
    return other === undefined ? object : { ...object, spec: other['spec'] ?? {} };
  });
  return [...kept, ...byName.values()];
}

/** What the command line gives has to be right; what the cluster has is taken as it is. */
function refuseInvalid({ policies, profiles }: LivePolicies, given: Configuration | undefined): void {
  const files = new Map<string, string>([
    ...(given?.policies ?? []).map(({ policy, file }) => [`policy ${policy.metadata.name}`, file] as const),
    ...(given?.profiles ?? []).map(({ profile, file }) => [`profile ${profile.metadata.name}`, file] as const),
  ]);
  const problems = [
    ...policies.map((state) => ({ ...state, what: `policy ${state.name}` })),
    ...profiles.map((state) => ({ ...state, what: `profile ${state.name}` })),
  ].flatMap(({ problem, what }) => {
    const file = files.get(what);
    if (problem === undefined || file === undefined) return [];
    const { code, message, field } = problem;
    return [new OutriderError(code, `${file}: ${message}`, { ...(field === undefined ? {} : { field }), file })];
  });
  if (problems.length > 0) throw together(problems);
}

function changesBetween(
  { policies }: PolicyObjects,
  given: Configuration | undefined,
  without: readonly string[],
): readonly PolicyChange[] {
  const before = new Set(policies.map(nameIn));
  const named = (given?.policies ?? []).map(({ policy: { metadata } }): PolicyChange => {
    const { name } = metadata;
    return { name, change: before.has(name) && !without.includes(name) ? 'replaced' : 'added' };
  });
  const removed = without.map((name): PolicyChange => ({ name, change: 'removed' }));
  return [...named, ...removed.filter(({ name }) => !named.some((one) => one.name === name))];
}

function nameIn(object: JsonObject): string {
  return stringOf(objectOf(object['metadata'])?.['name']) ?? '';
}
