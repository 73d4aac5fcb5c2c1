import type { ApiClient } from '../../cluster/client/api-client.js';
import { pathOf, resources } from '../../cluster/client/resources.js';
import { refused } from '../../cluster/live/refusal.js';
import { readNamespaceLabels, readWorkload } from '../../cluster/live/read-workload.js';
import { namedWorkloads } from '../../cluster/live/workload-kinds.js';
import { listPodsOf } from '../../cluster/rollout/list-pods.js';
import { listWorkloads } from '../../cluster/rollout/list-workloads.js';
import { matchNamespaces } from '../../engine/matched-namespaces.js';
import { OutriderError } from '../../model/error.js';
import { objectOf, stringMembersOf, stringOf } from '../../model/json.js';
import type { StringMap } from '../../model/selector.js';
import type { LiveCluster, LiveEngine } from '../live/engine.js';
import type { TakenBackSelection } from '../live/select-taken-back.js';
import type { Target } from './round.js';
import { judgeWorkload } from './workload-state.js';

/** The workloads that a command line selects. */
export type Asked =
  | { readonly objects: readonly string[]; readonly namespace: string }
  /** Those for whose pods the policy wins, in one namespace or in all. */
  | { readonly policy: string; readonly namespace: string | undefined };

/** The selected workloads, and those among the workloads that were taken back. */
export type AskedOfRound = Asked | { readonly takenBack: TakenBackSelection };

/**
 * Reads the selected workloads, one namespace after another, each when its turn comes.
 *
 * @param warn receives what could not be looked at
 * @throws OutriderError `usage`, `object_missing`, `cluster_unavailable`: from the call for named objects and an unknown
 *   policy, else from the iteration
 */
export async function targetsOf(
  asked: Asked,
  client: ApiClient,
  live: LiveCluster,
  warn: (text: string) => void,
): Promise<AsyncIterable<Target>> {
  if ('objects' in asked) {
    const { namespace } = asked;
    const named = namedWorkloads(asked.objects);
    const engine = await live.inNamespace({ name: namespace, labels: await labelsOf(client, namespace) });
    const found = await Promise.all(
      named.map(async (one) => ({ ...one, namespace, object: await readWorkload(client, one, namespace) })),
    );
    return each(found.map((one) => ({ ...one, judge: judgeWith(client, engine, namespace, undefined) })));
  }
  const { policy } = asked;
  if (!live.rules.policyNames.includes(policy)) {
    const known = live.rules.policyNames.join(', ');
    const message = `there is no policy ${policy} (${client.server}); there ${known === '' ? 'is none' : `are ${known}`}.`;
    throw new OutriderError('object_missing', message);
  }
  return inNamespaces(policy, await namespacesOf(asked, client), client, live, warn);
}

async function* inNamespaces(
  policy: string,
  namespaces: ReadonlyMap<string, StringMap>,
  client: ApiClient,
  live: LiveCluster,
  warn: (text: string) => void,
): AsyncGenerator<Target> {
  const matches = matchNamespaces(live.rules, namespaces, live.excludedNamespaces);
  const unseen = new Set<string>();
  for (const { name: namespace, labels, policies } of matches.namespaces) {
    if (!policies.some((there) => there.policy.name === policy && there.stop === undefined)) continue;
    const engine = await live.inNamespace({ name: namespace, labels });
    const there = await listWorkloads(client, namespace);
    for (const kind of there.unseen.filter((each) => !unseen.has(each))) {
      unseen.add(kind);
      warn(`${kind} may not be listed: they are left out, if there are any`);
    }
    for (const one of there.found) yield { ...one, judge: judgeWith(client, engine, namespace, policy) };
  }
}

async function namespacesOf(
  { namespace }: Extract<Asked, { readonly policy: string }>,
  client: ApiClient,
): Promise<ReadonlyMap<string, StringMap>> {
  if (namespace !== undefined) return new Map([[namespace, await labelsOf(client, namespace)]]);
  try {
    const { items } = await client.list(pathOf(resources.namespaces), { metadataOnly: true });
    return new Map(
      items.flatMap(({ metadata }): [string, StringMap][] => {
        const about = objectOf(metadata);
        const name = stringOf(about?.['name']);
        const isGoing = about?.['deletionTimestamp'] !== undefined;
        return name === undefined || isGoing ? [] : [[name, stringMembersOf(about?.['labels'])]];
      }),
    );
  } catch (error) {
    throw refused(error, client.server, 'namespaces', 'ask for the right to list them, or give one with -n');
  }
}

function judgeWith(
  client: ApiClient,
  engine: LiveEngine,
  namespace: string,
  policy: string | undefined,
): Target['judge'] {
  return (object) => judgeWorkload(object, () => listPodsOf(client, object, namespace), engine, policy);
}

function labelsOf(client: ApiClient, namespace: string): Promise<StringMap> {
  return readNamespaceLabels(client, namespace, 'ask for the right to get it');
}

async function* each(targets: readonly Target[]): AsyncGenerator<Target> {
  for (const target of targets) yield await Promise.resolve(target);
}
