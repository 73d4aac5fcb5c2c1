import type { JsonObject } from './json.js';
import type { ReasonCode } from './reasons.js';

/** What an image says about its containers (OCI image-spec, config.md: `Entrypoint`, `Cmd`, `Volumes`, `User`). */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /**
   * Paths at which a runtime makes volumes of the image's own content; absent if there are none or they are not known.
   */
  readonly volumes?: readonly string[];
  /**
   * Uids that the image's USER gives as numbers, of each platform; absent if there is none, it is a name, or it is not
   * known.
   */
  readonly users?: readonly number[];
}

/** An image's ENTRYPOINT as runtimes take it: one empty word counts as none (containerd, docker; W1). */
export function entrypointOf(words: readonly string[]): readonly string[] {
  return words.length === 1 && words[0] === '' ? [] : words;
}

/** Where an image's config came from, in the order they are asked. */
export type ImageSource = 'annotation' | 'map' | 'cache' | 'registry';

/** The answer to a look-up: a config, or the reason there is none. */
export type ImageOutcome =
  | {
      readonly ok: true;
      readonly config: ImageConfig;
      readonly source: ImageSource;
      /** Digest of the manifest the config belongs to, `sha256:…`, where a registry gave it. */
      readonly digest?: string;
    }
  | {
      readonly ok: false;
      readonly reason: ReasonCode;
      /** For a pod's author: the reference and a registry's error code, never its body. */
      readonly detail: string;
    };

/** One container's image, and the pod whose rights and platforms the look-up has. */
export interface ImageRequest {
  readonly reference: string;
  readonly namespace: string;
  readonly pod: JsonObject;
}

/** Knows what images say. */
export interface ImageResolver {
  /** What is known without any I/O: the operator's map, then the cache. `undefined` when nothing is. */
  known(request: ImageRequest): ImageOutcome | undefined;
  /**
   * Asks the registry. Never rejects: every failure is an outcome with its reason. Ends early with
   * `lookup_timeout` when the signal aborts; a look-up that others wait for goes on for them.
   */
  lookUp(request: ImageRequest, signal: AbortSignal): Promise<ImageOutcome>;
}
