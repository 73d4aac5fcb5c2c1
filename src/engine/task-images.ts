import type { ImageConfig, ImageOutcome, ImageRequest, ImageResolver } from '../model/image.js';
import { isObject, stringOf, type JsonObject } from '../model/json.js';
import { fieldOf, taskField, type TaskContainerView, type TaskView } from '../inject/task/view.js';
import type { AskedImages } from './asked-images.js';

/**
 * Collects what is known about the images of containers, without any I/O: what was said under the container's name or
 * the reference's text first, then what the resolver has.
 *
 * @param said what images start, by container name, or by reference as it is written; `${Name}` stands for a `!Ref`
 */
export function knownTaskImages(
  containers: readonly TaskContainerView[],
  view: TaskView,
  said: ReadonlyMap<string, ImageConfig>,
  resolver: ImageResolver,
): AskedImages {
  const known = new Map<string, ImageOutcome>();
  const unknown: { container: string; request: ImageRequest }[] = [];
  const pod = podLike(view);
  for (const { name, image, imageIsIntrinsic } of containers) {
    const config = said.get(name) ?? said.get(image);
    if (config !== undefined) {
      known.set(name, { ok: true, config, source: 'map' });
    } else if (!imageIsIntrinsic && image !== '') {
      const request = { reference: image, namespace: '', pod };
      const outcome = resolver.known(request);
      if (outcome === undefined) unknown.push({ container: name, request });
      else known.set(name, outcome);
    }
  }
  return { known, unknown };
}

/** A pod on the task's platform, to choose an image's platform by (E8). */
function podLike(view: TaskView): JsonObject {
  const platform = taskField(view, 'runtimePlatform');
  const architecture = isObject(platform) ? stringOf(fieldOf(view, platform, 'cpuArchitecture')) : undefined;
  const name = architecture === 'ARM64' ? 'arm64' : architecture === 'X86_64' || view.fargate ? 'amd64' : undefined;
  if (name === undefined) return {};
  return { spec: { nodeSelector: { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': name } } };
}
