import { AgentImageLookUp, type AgentImageState } from '../../../cluster/agent-images/look-up.js';
import { agentImageOf } from '../../../cluster/agent-images/wanted.js';
import type { ApiClient } from '../../../cluster/client/api-client.js';
import { OlderReplicaWatch } from '../../../cluster/port/older-replicas.js';
import type { LeadingOptions } from './options.js';

/** What this part needs, in addition to the leader's options. */
export interface LedAgentImagesOptions extends Pick<
  LeadingOptions,
  'settings' | 'watching' | 'connection' | 'state' | 'images' | 'agentImages' | 'operatorSays'
> {
  /** Makes objects that go with the installation. */
  readonly client: ApiClient;
  /** Whether there is anything to be done: not while paused, or while no replica is known to answer. */
  readonly isAtWork: () => boolean;
  readonly onFound: () => void;
}

/** The leader's part for what agents' images start, after checking whether older replicas forbid passing it on. */
export class LedAgentImages {
  readonly #options: LedAgentImagesOptions;
  readonly #lookUp: AgentImageLookUp;
  #replicas: OlderReplicaWatch | undefined;

  constructor(options: LedAgentImagesOptions) {
    const { settings, watching, connection, state, client, images, agentImages, operatorSays } = options;
    this.#options = options;
    this.#lookUp = new AgentImageLookUp({
      ...watching,
      client,
      instance: settings.instance,
      ownNamespace: settings.ownNamespace,
      images,
      known: agentImages,
      view: () => (options.isAtWork() ? state.configuration() : undefined),
      rewrites: settings.imageRewrites,
      operatorSays,
      architectures: () => connection.facts.nodes.architectures()?.join() ?? '',
      older: () => this.#replicas?.mayLackArgvs() !== false,
      onFound: options.onFound,
    });
  }

  /** Call this when policies, profiles or what is known about agents' images has changed. */
  changed(): void {
    this.#lookUp.changed();
  }

  /** The state of a policy's agent image. */
  of(policy: string): AgentImageState | undefined {
    const { state, settings } = this.#options;
    const rule = state.configuration().rules.byPolicy.get(policy);
    const image = rule === undefined ? undefined : agentImageOf(rule.recipe, settings.imageRewrites);
    return image === undefined ? undefined : this.#lookUp.of(image);
  }

  /** Looks images up until the term ends. */
  run(term: AbortSignal): Promise<void> {
    const { settings, watching } = this.#options;
    const { instance, ownNamespace } = settings;
    const onChange = this.#lookUp.changed;
    this.#replicas = new OlderReplicaWatch({ ...watching, instance, ownNamespace, onChange, signal: term });
    return this.#lookUp.run(term);
  }
}
