import { createDoor } from '../../../src/admission/handler.js';
import { configure } from '../../../src/engine/configure.js';
import { parseConfiguration } from '../../../src/documents/configuration/configuration.js';
import type { Engine } from '../../../src/engine/engine.js';
import { systemClock } from '../../../src/time/clock.js';
import type { SecretSource } from '../../../src/image/credentials/pull-secrets.js';
import { createMapResolver } from '../../../src/image/map-resolver.js';
import { openImageService, type ImageService } from '../../../src/image/service/open.js';
import type { JsonObject } from '../../../src/model/json.js';
import { defaultRegistryConfig, type RegistryConfig } from '../../../src/model/registry-config.js';
import { envelope, reviewedOf, type Reviewed } from '../review.js';

/** The webhook's two doors in this process, with look-ups whose clock can be put forward. */
export interface Doors {
  readonly images: ImageService;
  review(pod: JsonObject, options?: { door?: 'mutate' | 'validate'; timeoutMs?: number }): Promise<Reviewed>;
  /** Lets time pass for caches and back-off; time-outs go on in real time. */
  passMs(ms: number): void;
  /** Messages that the look-ups have logged. */
  readonly logged: string[];
}

/** Opens doors on a configuration's documents. */
export async function openDoors(
  documents: readonly JsonObject[],
  config: Partial<RegistryConfig>,
  secrets?: SecretSource,
): Promise<Doors> {
  let aheadMs = 0;
  const logged: string[] = [];
  const images = await openImageService({
    config: { ...defaultRegistryConfig, ...config },
    env: {},
    log: { warn: (_facts, message) => void logged.push(message) },
    clock: { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs },
    ...(secrets === undefined ? {} : { secrets }),
  });
  const files = documents.map((document, index) => ({ name: `${index}.json`, text: JSON.stringify(document) }));
  const parsed = parseConfiguration(files);
  const { rules, problems } = configure(parsed);
  if (problems.length > 0) throw new AggregateError(problems);
  const engine: Engine = {
    rules,
    facts: {
      nativeSidecars: true,
      imageVolumes: false,
      podSecurityDefault: 'privileged',
      openShift: false,
      sandboxedRuntimeClasses: [],
      toolsImage: 'tools.example/outrider:1',
      agentUser: 59_417,
      imageRewrites: [],
      ownPartsMayDiffer: [],
      maxContainers: 500,
    },
    images: createMapResolver(parsed.configuration.images, images.resolver),
    excludedNamespaces: new Set(),
    secretState: () => 'unknown',
  };
  const options = {
    engine: () => engine,
    namespaceLabels: (name: string) => parsed.configuration.namespaces.get(name) ?? {},
    onReviewed: () => undefined,
    onFailure: (error: unknown) => {
      throw error;
    },
  };
  const doors = { mutate: createDoor('mutate', options), validate: createDoor('validate', options) };
  return {
    images,
    logged,
    async review(pod, { door = 'mutate', timeoutMs = 3_000 } = {}) {
      const startMs = performance.now();
      const call = { signal: AbortSignal.timeout(timeoutMs), traceparent: undefined };
      const text = await doors[door](Buffer.from(envelope(pod)), call);
      return reviewedOf(text, performance.now() - startMs);
    },
    passMs: (ms) => void (aheadMs += ms),
  };
}
