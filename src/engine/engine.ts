import type { ImageResolver } from '../model/image.js';
import type { ClusterFacts } from '../model/recipe.js';
import type { Rules } from './rules.js';

/** Whether a Secret is there, as far as that is known. */
export type SecretState = 'present' | 'missing' | 'unknown';

/** Everything a decision is made with. Handed in; replaced as a whole when the configuration changes. */
export interface Engine {
  readonly rules: Rules;
  readonly facts: ClusterFacts;
  readonly images: ImageResolver;
  /** Names of the namespaces that are never touched. */
  readonly excludedNamespaces: ReadonlySet<string>;
  /** Whether a key of a Secret is there; no I/O. */
  readonly secretState: (namespace: string, name: string, key: string) => SecretState;
}
