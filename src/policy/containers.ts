import type { Step } from '../model/decision.js';
import type { ContainerStart } from '../model/container-start.js';
import { names } from '../model/names.js';
import type { CompiledPolicy } from './compile.js';
import { listed, quoted } from './text.js';

/** The fields of a container that the choice depends on. */
export interface ContainerView {
  readonly name: string;
  /** The image as it is written in the pod; no default registry or tag is added for globs. */
  readonly image: string | undefined;
  readonly list: 'containers' | 'initContainers';
  /** `Always` on an init container makes it a native sidecar, which starts among the init containers and counts as one. */
  readonly restartPolicy?: string | undefined;
}

/** Why a container is chosen or not. `narrowed`: the policy selects it, but the pod's annotation does not name it. */
export type Because = 'selected' | 'not_covered' | 'not_included' | 'excluded' | 'narrowed';

/** Which containers of a pod are to be instrumented. */
export interface Selection<Container extends ContainerView> {
  readonly selected: readonly Container[];
  /** For each given container, in the same order. */
  readonly because: readonly Because[];
  /** True when the pod's annotation took at least one container away from what the policy selects. */
  readonly narrowed: boolean;
  /** Remarks; with a trace, also one step per container. */
  readonly steps: readonly Step[];
}

/**
 * Chooses containers by the policy's `containers.cover`, `include` and `exclude`, and by the pod's annotation
 * `outrider.dev/containers`, which narrows the policy's choice and never widens it (E36). Under `optOut: Forbidden` the
 * annotation is ignored, with a remark.
 *
 * @param containers the pod's containers without the parts that Outrider added.
 * @param annotation the annotation's text: container names, separated by commas. One without a name in it counts as none.
 * @param trace record a step for each container, for `explain`.
 * @param startOf how a container starts; only asked where an exclusion by image names it.
 */
export function selectContainers<Container extends ContainerView>(
  policy: CompiledPolicy,
  containers: readonly Container[],
  annotation: string | undefined,
  trace: boolean,
  startOf: (container: Container) => ContainerStart,
): Selection<Container> {
  const steps: Step[] = [];
  const wanted = narrowing(policy, containers, annotation, steps);
  const selected: Container[] = [];
  const because: Because[] = [];
  let narrowed = false;
  for (const container of containers) {
    const why = judge(policy, container, wanted, () => startOf(container), steps);
    because.push(why);
    if (why === 'selected') selected.push(container);
    else if (why === 'narrowed') narrowed = true;
    if (trace) steps.push({ subject: container.name, result: why === 'selected' ? 'pass' : 'note', detail: says[why] });
  }
  return { selected, because, narrowed, steps };
}

const says: Readonly<Record<Because, string>> = {
  selected: 'selected by the policy',
  not_covered: 'its kind is not in containers.cover',
  not_included: 'no pattern of containers.include matches',
  excluded: 'a pattern of containers.exclude matches',
  narrowed: `not named in the annotation ${names.containers}`,
};

function judge(
  policy: CompiledPolicy,
  container: ContainerView,
  wanted: ReadonlySet<string> | undefined,
  startOf: () => ContainerStart,
  steps: Step[],
): Because {
  if (!policy.cover.has(container.list === 'containers' ? 'Main' : 'Init')) return 'not_covered';
  if (!policy.include(container.name, container.image)) return 'not_included';
  const exclusion = policy.exclude(container, startOf);
  if (exclusion?.holds === true) return 'excluded';
  if (exclusion !== undefined) {
    const detail = `container ${container.name}: excluded by its image, but ${exclusion.because}`;
    steps.push({ subject: container.name, result: 'note', detail, reason: 'exclusion_void' });
  }
  return wanted === undefined || wanted.has(container.name) ? 'selected' : 'narrowed';
}

/** The names in the annotation; `undefined` if it narrows nothing. */
function narrowing(
  policy: CompiledPolicy,
  containers: readonly ContainerView[],
  annotation: string | undefined,
  steps: Step[],
): ReadonlySet<string> | undefined {
  if (annotation === undefined) return undefined;
  const subject = `annotation ${names.containers}`;
  if (policy.spec.optOut === 'Forbidden') {
    const detail = 'ignored: the policy forbids narrowing its choice';
    steps.push({ subject, result: 'note', detail, reason: 'annotation_ignored' });
    return undefined;
  }
  const wanted = new Set(
    annotation
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  );
  if (wanted.size === 0) return undefined;
  const present = new Set(containers.map((container) => container.name));
  const unknown = [...wanted].filter((name) => !present.has(name));
  if (unknown.length > 0) {
    const detail = `the pod has no container ${listed(unknown.map(quoted))}`;
    steps.push({ subject, result: 'note', detail, reason: 'annotation_names_unknown' });
  }
  return wanted;
}
