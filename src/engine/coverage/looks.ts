import { repositoryOf } from '../../inject/other-tracer.js';
import type { PodView } from '../../inject/pod/view.js';
import type { ImageOutcome, ImageResolver } from '../../model/image.js';
import { objectOf } from '../../model/json.js';
import type { AllowedDifference, ClusterFacts } from '../../model/recipe.js';
import type { Engine } from '../engine.js';
import type { KnownLimits } from '../known-limits.js';
import type { Rule } from '../rules.js';

/** What an unknown image is assumed to start: the webhook would look it up for a new pod. */
const something: ImageOutcome = { ok: true, config: { entrypoint: ['?'], cmd: [] }, source: 'cache' };

/**
 * The engine for pods that run and make no claim: nothing is looked up. An unknown image is assumed to be one that a
 * look-up would find.
 * @param onAssumed called each time that this is assumed of an image
 */
export function withoutLookUps(engine: Engine, onAssumed?: () => void): Engine {
  const take = (known: ImageOutcome | undefined): ImageOutcome => {
    if (known === undefined) onAssumed?.();
    return known ?? something;
  };
  return { ...quiet(engine), images: resolver(engine.images, take) };
}

/**
 * The engine for pods that claim to be instrumented: what is not there any more, such as an image or the Secret with the
 * access key, takes nothing off a pod that has them.
 */
export function forClaims(engine: Engine): Engine {
  return {
    ...quiet(engine),
    secretState: () => 'unknown',
    images: resolver(engine.images, (known) => (known?.ok === true ? known : something)),
  };
}

function quiet({ limits, ...engine }: Engine): Engine {
  return limits === undefined ? engine : { ...engine, limits: withoutReading(limits) };
}

function withoutReading(limits: KnownLimits): KnownLimits {
  return {
    of: (namespace) => limits.of(namespace),
    trouble: (namespace) => limits.trouble(namespace),
    prepare: () => undefined,
  };
}

function resolver(images: ImageResolver, take: (outcome: ImageOutcome | undefined) => ImageOutcome): ImageResolver {
  return {
    known: (request) => take(images.known(request)),
    lookUp: (request) => Promise.resolve(take(images.known(request))),
  };
}

/** The cluster's facts as they may have been when a pod was made: nodes come and go. */
export function otherFacts(facts: ClusterFacts): readonly ClusterFacts[] {
  const { nativeSidecars, imageVolumes } = facts;
  return [
    { ...facts, nativeSidecars: !nativeSidecars },
    { ...facts, imageVolumes: !imageVolumes },
    { ...facts, nativeSidecars: !nativeSidecars, imageVolumes: !imageVolumes },
  ];
}

/**
 * The facts with which our parts in a pod may be of another tag of the same image, and run as another user of their own: as
 * a version of Outrider before, or its settings, made them.
 */
export function factsOfEarlier(facts: ClusterFacts, view: PodView, { parts }: Rule): ClusterFacts {
  const allowed: AllowedDifference[] = [];
  for (const part of ['tools', 'files', 'agent'] as const) {
    const name = parts.nameOf(part);
    if (name === undefined) continue;
    for (const container of [...view.initContainers, ...view.containers]) {
      if (!container.name.startsWith(name)) continue;
      if (part === 'tools' && repositoryOf(container.image) === repositoryOf(facts.toolsImage)) {
        allowed.push({ path: `/${part}/image`, value: container.image });
      }
      const security = objectOf(container.value['securityContext']);
      for (const field of ['runAsUser', 'runAsGroup'] as const) {
        const value = security?.[field];
        if (typeof value === 'number' && value > 0) allowed.push({ path: `/${part}/securityContext/${field}`, value });
      }
    }
  }
  for (const { image } of view.volumes) {
    const reference = objectOf(image)?.['reference'];
    if (typeof reference !== 'string' || repositoryOf(reference) !== repositoryOf(facts.toolsImage)) continue;
    allowed.push({ path: '/volume/image/reference', value: reference });
  }
  return { ...facts, ownPartsMayDiffer: [...facts.ownPartsMayDiffer, ...allowed] };
}
