import { agentArgvLabelValue, inForceLabelValue, names, portLabelValue, waysLabelValue } from '../../model/names.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import type { Timing } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { resources } from '../client/resources.js';
import { Reflector } from '../watch/reflector.js';

/** Whether there are replicas that do not know tokens; `unknown` if their pods cannot be read. */
export type OlderReplicas = 'none' | 'some' | 'unknown';

/** What is needed to follow the pods. */
export interface OlderReplicasOptions extends Timing {
  readonly client: ApiClient;
  readonly log: Logger;
  readonly instance: string;
  readonly ownNamespace: string;
  readonly relistMs: number;
  readonly onChange: () => void;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/**
 * Follows the installation's pods, from when this is made, to find replicas of versions that lack an ability: they do not
 * know tokens (their template has no label `outrider.dev/port`), do not report by which configuration they were called, do
 * not know what the leader finds out about agents' images, or do not answer about running pods. A pod counts from its
 * creation, seconds before anybody can call it, until it is gone.
 */
export class OlderReplicaWatch {
  readonly #reflector: Reflector<Knowledge>;
  #forbidden = false;
  #known = false;

  constructor(options: OlderReplicasOptions) {
    const { instance, ownNamespace, onChange, log } = options;
    this.#reflector = new Reflector<Knowledge>({
      ...options,
      resource: resources.pods,
      namespace: ownNamespace,
      labels: `app.kubernetes.io/name=outrider,app.kubernetes.io/instance=${instance}`,
      pick: knowledgeOf,
      onChange: () => {
        this.#forbidden = false;
        this.#known = true;
        onChange();
      },
      onFailure: (error) => {
        if (!isApiError(error, 'Forbidden') || this.#forbidden) return;
        log.warn({ err: error }, 'the installation’s pods may not be read: the port asks for no proof');
        this.#forbidden = true;
        onChange();
      },
    });
  }

  /** `undefined` until it can be told. */
  current(): OlderReplicas | undefined {
    if (this.#forbidden) return 'unknown';
    if (!this.#known) return undefined;
    return this.#all((known) => known.tokens) ? 'none' : 'some';
  }

  /** Whether every replica reports by which configuration its self-test was called, as far as their pods can be read. */
  knowHashes(): boolean {
    return this.#known && !this.#forbidden && this.#all((known) => known.hashes);
  }

  /** Whether there may be a replica that does not know what agents' images start. False if their pods cannot be read. */
  mayLackArgvs(): boolean {
    return !this.#forbidden && (!this.#known || !this.#all((known) => known.argvs));
  }

  /** Whether every replica answers about running pods, as far as their pods may be read. */
  knowWays(): boolean {
    return this.#known && !this.#forbidden && this.#all((known) => known.ways);
  }

  #all(test: (known: Knowledge) => boolean): boolean {
    return [...this.#reflector.entries()].every(([, known]) => test(known));
  }
}

/** What a replica understands in the path of a call. */
interface Knowledge {
  readonly tokens: boolean;
  readonly hashes: boolean;
  readonly argvs: boolean;
  readonly ways: boolean;
}

/** Judged by the labels of a pod that answers or will answer. A pod that has ended does no harm. */
function knowledgeOf(pod: JsonObject): Knowledge {
  const phase = stringOf(objectOf(pod['status'])?.['phase']);
  if (phase === 'Succeeded' || phase === 'Failed') return { tokens: true, hashes: true, argvs: true, ways: true };
  const labels = objectOf(objectOf(pod['metadata'])?.['labels']);
  const tokens = labels?.[names.port] === portLabelValue;
  return {
    tokens,
    hashes: tokens && labels[names.inForce] === inForceLabelValue,
    argvs: labels?.[names.agentArgv] === agentArgvLabelValue,
    ways: labels?.[names.ways] === waysLabelValue,
  };
}
