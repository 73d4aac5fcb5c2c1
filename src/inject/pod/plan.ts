import type { Finding } from '../../model/decision.js';
import type { JsonObject } from '../../model/json.js';
import type { Recipe, RecipeEnv } from '../../model/recipe.js';
import type { Difference } from './differences/difference.js';
import type { ContainerView } from './view.js';

/** A part of ours that is a member of one of the pod's lists. */
export interface PlannedMember {
  /** What the part is, for people: `volume`, `tools`, `files`, `agent`. */
  readonly part: 'volume' | 'tools' | 'files' | 'agent';
  readonly name: string;
  readonly value: JsonObject;
  /** The existing part in the pod; `undefined` if it must be added. */
  readonly present: JsonObject | undefined;
  /** Its place in the pod's list when present; the place that it gets where it is put back. */
  readonly index: number | undefined;
  /** Where the existing part differs from the plan; empty for nearly every part. */
  readonly differences: readonly Difference[];
  /** What should be at its place instead; `undefined` if nothing is put back. */
  readonly restored: JsonObject | undefined;
  /** Whether it is a volume that shows a part of the node. It contains no file of ours. */
  readonly ofNode?: true;
}

/** A command of an exec probe or a lifecycle hook: its JSON pointer inside the container, and what it becomes. */
export interface PlannedExec {
  readonly pointer: string;
  readonly command: readonly string[];
}

/** A volume mount as it will be in the pod. */
export type PlannedMount = JsonObject & { readonly name: string; readonly mountPath: string };

/** What one container of the workload gets. Lists hold only what it lacks. */
export interface WorkloadPlan {
  readonly container: ContainerView;
  /** New `command`; `undefined` where it stays. */
  readonly command: readonly string[] | undefined;
  /** New `args`; `undefined` where they stay. */
  readonly args: readonly string[] | undefined;
  readonly env: readonly RecipeEnv[];
  readonly mounts: readonly PlannedMount[];
  readonly capabilities: readonly string[];
  readonly execs: readonly PlannedExec[];
}

/** By how much a pod grows: the sum of what the sidecar asks for. */
export interface Growth {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
  /** The same for people: `requests cpu 100m, memory 256Mi; limits memory 512Mi`; empty for none. */
  readonly text: string;
}

/**
 * What is added to a pod, and where. It has everything that {@link buildPatch} needs and that the validating door checks.
 */
export interface Plan {
  readonly recipe: Recipe;
  readonly shareProcessNamespace: boolean;
  readonly volumes: readonly PlannedMember[];
  /** In the required order: tools, files, and the agent where it is native. */
  readonly initContainers: readonly PlannedMember[];
  readonly containers: readonly PlannedMember[];
  /** Where a native agent is inserted among the pod's init containers as they came. */
  readonly agentIndex: number;
  readonly workload: readonly WorkloadPlan[];
  readonly pullSecrets: readonly string[];
  /** Names of our emptyDirs that the autoscaler may evict. */
  readonly evictableVolumes: readonly string[];
  readonly growth: Growth;
  /** Short hash of amounts that are fitted to the pod's namespace; `undefined` where all are the recipe's. */
  readonly fitted: string | undefined;
  readonly remarks: readonly Finding[];
}
