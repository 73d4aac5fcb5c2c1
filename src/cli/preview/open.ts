import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { readNamespaces } from '../../cluster/live/read-namespaces.js';
import { OutriderError } from '../../model/error.js';
import type { StringMap } from '../../model/selector.js';
import { textOf, type Invocation } from '../command.js';
import { openGround, readKnownInstallation, type LiveGround, type LiveSettings } from '../live/ground.js';
import { KeyReader } from '../live/keys.js';
import { labelsOption } from '../options/namespaces.js';
import { askedNamespace } from './options.js';
import { lookAhead, type FoundTemplate, type NewTemplate } from './look.js';
import { readChangedRules } from './policies.js';
import type { Preview } from './preview.js';
import { LookProgress } from './progress.js';

/** What a command asks of each distinct template. */
export interface PreviewWish<Extra> {
  /** Called for each distinct template while its object is there; only the result is kept. */
  readonly onTemplate: (template: NewTemplate, ground: LiveGround) => Promise<Extra>;
  /** What tells a template apart from one that is decided alike, for `onTemplate`. */
  readonly apart?: (found: FoundTemplate) => string;
}

/**
 * Shows what the policies of a command line would do to a cluster's workloads. Everything is read, with the rights of the
 * person who asks, and nothing is written.
 *
 * @throws OutriderError, or an AggregateError of them
 */
export async function previewOf<Extra>(
  invocation: Invocation,
  settings: LiveSettings,
  { client, namespace: usual }: OpenCluster,
  wish: PreviewWish<Extra>,
): Promise<Preview<Extra>> {
  const { flags, io } = invocation;
  const namespaces = await namespacesOf(client, askedNamespace(invocation, usual), labelsOption({ flags }));
  const installation = await readKnownInstallation(invocation, settings, client);
  const rules = await readChangedRules(invocation, settings, client, installation);
  const ground = await openGround(invocation, settings, client, installation, rules.images);
  const progress = new LookProgress(io);
  const labelSelector = textOf(flags['selector']);
  try {
    const preview = await lookAhead<Extra>({
      client,
      rules,
      ground,
      keys: new KeyReader(client, settings.ownNamespace),
      namespaces,
      progress,
      onTemplate: (template) => wish.onTemplate(template, ground),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(wish.apart === undefined ? {} : { apart: wish.apart }),
    });
    const taken = installation.unread.map((what) => `${what}; its settings are taken to be the defaults`);
    return { ...preview, unread: [...taken, ...preview.unread] };
  } finally {
    progress.hide();
    await ground.images.close();
  }
}

/** Labels of the namespaces; those of the command line win, for one namespace. */
async function namespacesOf(
  client: OpenCluster['client'],
  namespace: string | undefined,
  given: StringMap,
): Promise<ReadonlyMap<string, StringMap>> {
  if (namespace === undefined) {
    if (Object.keys(given).length === 0) return readNamespaces(client, undefined);
    throw new OutriderError(
      'usage',
      '--namespace-labels are those of one namespace; give it with -n, or leave them out.',
    );
  }
  try {
    const labels = await readNamespaces(client, namespace);
    return new Map([[namespace, { ...labels.get(namespace), ...given }]]);
  } catch (error) {
    const isForbidden = error instanceof OutriderError && error.code === 'cluster_unavailable';
    if (isForbidden && Object.keys(given).length > 0) return new Map([[namespace, given]]);
    throw error;
  }
}
