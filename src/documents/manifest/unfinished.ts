import { isObject, listOf, objectOf, stringOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { names } from '../../model/names.js';
import { groupOf } from '../../model/workload-kinds.js';
import type { FoundObject, Unseen } from './objects.js';
import type { PodTemplate } from './templates.js';

/** What to do with a Helm template. */
export const renderFirst =
  'Render it first and give what comes out: `helm template NAME CHART | outrider inject -f -`.';
const buildFirst = 'Run `kustomize build` first and give what comes out: `kustomize build DIR | outrider inject -f -`.';

/** Words that only kustomize patches and kubectl patches have. */
const directives = ['$patch', '$retainKeys', '$setElementOrder/containers', '$deleteFromPrimitiveList'];

/**
 * Whether an unreadable text is a Helm template: it has actions without quotes around them. Actions of other engines in `{{
 * }}` look the same, and must be rendered first too.
 */
export function isHelmTemplate(text: string): boolean {
  return /^[ \t]*(?:- )?(?:[\w./-]+:[ \t]*)?\{\{-?[ \t]*(?:[.$/(]|[a-zA-Z])[^\n]*\}\}|\{\{-|-\}\}/m.test(text);
}

/**
 * Why pods are not made from a template as it is: it is a kustomize patch or a Helm template. One that `inject` has changed
 * is left to `uninject`.
 */
export function unfinishedTemplate(template: PodTemplate): Unseen | undefined {
  const { pod, kind, name, path } = template;
  const metadata = objectOf(pod['metadata']);
  if (objectOf(metadata?.['annotations'])?.[names.undo] !== undefined) return undefined;
  const spec = objectOf(pod['spec']) ?? {};
  const containers = [...listOf(spec['initContainers']), ...listOf(spec['containers'])].filter(isObject);
  const about = { path: `${path}/spec/containers`, kind, name };
  const action = [name, ...containers.flatMap(({ image, name }) => [image, name])].find(hasAction);
  if (action !== undefined) {
    return { ...about, detail: `a Helm template: ${JSON.stringify(action)} is filled in later`, remedy: renderFirst };
  }
  const why = whyPatch(template, [pod, spec, ...containers], listOf(spec['containers']).filter(isObject));
  return why === undefined ? undefined : { ...about, detail: `a kustomize patch: ${why}`, remedy: buildFirst };
}

function hasAction(value: JsonValue | undefined): boolean {
  return typeof value === 'string' && /\{\{.*\}\}/s.test(value);
}

function whyPatch(
  { kind, name, apiVersion, path }: PodTemplate,
  places: readonly JsonObject[],
  containers: readonly JsonObject[],
): string | undefined {
  const directive = directives.find((word) => places.some((place) => Object.hasOwn(place, word)));
  if (directive !== undefined) return `it has the directive ${directive}`;
  // A patch names what it changes, and is no item of a list. OpenShift fills in a DeploymentConfig's images by triggers.
  if (name === undefined || apiVersion === undefined || path.startsWith('/items/')) return undefined;
  if (kind === 'DeploymentConfig') return undefined;
  const bare = containers.filter(({ image }) => (image ?? undefined) === undefined);
  const [first] = bare;
  // In a Pod, a container next to complete ones may be an injector's, which fills its image in.
  if (first === undefined || (kind === 'Pod' && bare.length < containers.length)) return undefined;
  return `container ${stringOf(first['name']) ?? ''} has no image`;
}

/** The message about an object that other manifests are built from: a kustomization. */
export function kustomization({ path, kind, apiVersion, name }: FoundObject): Unseen | undefined {
  if (kind !== 'Kustomization' && kind !== 'Component') return undefined;
  if (groupOf(apiVersion ?? 'kustomize.config.k8s.io/v1beta1') !== 'kustomize.config.k8s.io') return undefined;
  const detail = 'a kustomization: what it makes of its resources is not looked at';
  return { path, kind, name, detail, remedy: buildFirst };
}

/** The message about a list of RFC 6902 operations on containers, as kustomize takes it for a patch. */
export function jsonPatch(value: JsonValue): Unseen | undefined {
  const touched = listOf(value)
    .map(objectOf)
    .find(
      (each) => stringOf(each?.['op']) !== undefined && /containers?(?:\/|$)/i.test(stringOf(each?.['path']) ?? ''),
    );
  if (touched === undefined) return undefined;
  const detail = `a kustomize patch: it changes ${stringOf(touched['path']) ?? ''}`;
  return { path: '', kind: undefined, name: undefined, detail, remedy: buildFirst };
}
