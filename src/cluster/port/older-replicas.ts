import { names, portLabelValue } from '../../model/names.js';
import { objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import type { Timing } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { resources } from '../client/resources.js';
import { Reflector } from '../watch/reflector.js';

/** Whether replicas are there that know no tokens; `unknown`: their pods may not be read. */
export type OlderReplicas = 'none' | 'some' | 'unknown';

/** What the pods are followed with. */
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
 * Follows the installation's pods, from when this is made, for those of versions that know no tokens: their template has no
 * label `outrider.dev/port`. A pod counts from its creation, seconds before anybody can call it, until it is gone.
 */
export class OlderReplicaWatch {
  readonly #reflector: Reflector<boolean>;
  #forbidden = false;
  #known = false;

  constructor(options: OlderReplicasOptions) {
    const { instance, ownNamespace, onChange, log } = options;
    this.#reflector = new Reflector<boolean>({
      ...options,
      resource: resources.pods,
      namespace: ownNamespace,
      labels: `app.kubernetes.io/name=outrider,app.kubernetes.io/instance=${instance}`,
      pick: isOlder,
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
    return [...this.#reflector.entries()].some(([, older]) => older) ? 'some' : 'none';
  }
}

/** Whether a pod answers, or will, and knows no tokens; one that has ended does no harm. */
function isOlder(pod: JsonObject): boolean {
  const phase = stringOf(objectOf(pod['status'])?.['phase']);
  if (phase === 'Succeeded' || phase === 'Failed') return false;
  return objectOf(objectOf(pod['metadata'])?.['labels'])?.[names.port] !== portLabelValue;
}
