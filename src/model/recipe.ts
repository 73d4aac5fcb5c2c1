import type { JsonObject, JsonValue } from './json.js';
import type { Prefer, Resources } from './policy.js';
import type { Obstacle } from './profile.js';

/**
 * A profile rendered for one policy: every template filled in, every condition decided. This is all that `inject/`
 * knows about a vendor, and it never changes once made.
 */
export interface Recipe {
  readonly profile: string;
  readonly version: string;
  readonly prefer: Prefer;
  readonly shareProcessNamespace: boolean;
  readonly capabilities: readonly string[];
  /** What is before the original argv; its first element is how a wrapped argv is recognised. */
  readonly wrapper: readonly string[] | undefined;
  /** How sessions are traced; absent if they are traced like containers. Nothing of it goes into a pod. */
  readonly session?: RecipeSession;
  readonly volume: RecipeVolume | undefined;
  readonly env: readonly RecipeEnv[];
  /** Names of those in `env` that only say that there is no value; absent for none. */
  readonly unsetEnv?: ReadonlySet<string>;
  readonly reservedEnv: ReadonlySet<string>;
  /** Names of hosts that the agent or the tracer talks to, in lower case; `*.NAME` for all below one. */
  readonly hosts: readonly string[];
  readonly containers: readonly RecipeWorkloadPart[];
  readonly hostVolumes: readonly { readonly name: string; readonly path: string; readonly type?: string }[];
  readonly sidecar: RecipeSidecar | undefined;
  readonly skipWhen: ReadonlySet<Obstacle>;
  readonly imagePullSecrets: readonly string[];
  /** What the policy gives the steps that bring the files, in place of the usual; absent where it gives nothing. */
  readonly copyResources?: Resources;
  /** The Secret that variables of the recipe refer to; absent where none does. */
  readonly credentials?: { readonly name: string; readonly key: string };
}

/** What of the recipe is about sessions alone. */
export interface RecipeSession {
  /** What is before a session's command, where that is not `wrapper`. */
  readonly argv?: readonly string[];
  /** Whether the tracer works with its files at another path. */
  readonly relocatable: boolean;
}

/** One variable as it will be in the pod: `{name, value}` or `{name, valueFrom}`. */
export type RecipeEnv = JsonObject & { readonly name: string };

/** How the agent's files get into a pod. */
export type Delivery = 'Copy' | 'ImageVolume';

export interface RecipeVolume {
  readonly name: string;
  readonly mountPath: string;
  readonly sizeLimit: string;
  /** Folders that are mounted once more at exactly their own paths; where the wrapper is in one, that is the first. */
  readonly programs: readonly RecipeProgramFolder[];
  readonly copy:
    | {
        readonly image: string;
        readonly name: string;
        readonly toolsName: string;
        /** Folder that the copier copies, or the vendor's own command; exactly one of the two is given. */
        readonly from: string | undefined;
        readonly command: readonly string[] | undefined;
      }
    | undefined;
  readonly imageVolume:
    | {
        readonly image: string;
        readonly subPath: string | undefined;
        /** Name of the volume with Outrider's own tools, which nothing brings into this one. */
        readonly toolsName: string;
      }
    | undefined;
}

/** A folder of programs: below the files' folder, in a volume of its own where the files are copied. */
export interface RecipeProgramFolder {
  /** Name of its volume. */
  readonly name: string;
  /** From the files' folder on: `bin`. */
  readonly folder: string;
}

export interface RecipeWorkloadPart {
  /** Globs on container names. */
  readonly containers: readonly string[];
  readonly env: readonly RecipeEnv[];
  readonly capabilities: readonly string[];
  readonly mounts: readonly { readonly volume: string; readonly mountPath: string; readonly readOnly: boolean }[];
}

/** A port that the agent listens on. */
export interface AgentPort {
  readonly number: number;
  readonly protocol: 'TCP' | 'UDP';
  /** The profile's setting that moves it. */
  readonly setting?: string;
}

export interface RecipeSidecar {
  readonly name: string;
  readonly image: string;
  /** What the image starts, where the profile knows it. */
  readonly argv: readonly string[] | undefined;
  readonly env: readonly RecipeEnv[];
  readonly ports: readonly AgentPort[];
  readonly resources: Resources;
  /** Limits below which nobody may bring it, by resource; the planned ones where it is absent. */
  readonly minimumLimits?: Readonly<Record<string, string>>;
  readonly runAs: 'Own' | 'Workload';
  /** Uid and gid under `Own`, where the agent's image needs certain ones. */
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly readOnlyRootFilesystem: boolean;
  /** It asks the API server, with the token of the pod's ServiceAccount; absent for one that gets no token. */
  readonly apiAccess?: true;
}

/**
 * What is known about the cluster a pod goes to. Read from the API server where there is one; settings stand in for it
 * elsewhere.
 */
export interface ClusterFacts {
  /** Server 1.32 or newer, or every kubelet 1.29 or newer. */
  readonly nativeSidecars: boolean;
  /** Every node's runtime mounts an image volume's subPath (E38). */
  readonly imageVolumes: boolean;
  /** Pod Security level where a namespace has no label. */
  readonly podSecurityDefault: PodSecurityLevel;
  /** OpenShift assigns uids itself. */
  readonly openShift: boolean;
  /** Globs on runtime class names that are sandboxes. */
  readonly sandboxedRuntimeClasses: readonly string[];
  /** Image with the copier: Outrider's own. */
  readonly toolsImage: string;
  /** Uid and gid of what we add, of its own, so that no workload shares it; OpenShift assigns another. */
  readonly agentUser: number;
  /** Prefixes of images and what to write in their place, first match wins. */
  readonly imageRewrites: readonly { readonly from: string; readonly to: string }[];
  /** Where parts of ours may differ from the plan, besides what the table of such places has. */
  readonly ownPartsMayDiffer: readonly AllowedDifference[];
  /** Pods with more containers are left alone; init and ephemeral ones count. */
  readonly maxContainers: number;
}

/** What is known about the nodes that a pod can land on. No I/O; what it answers changes as nodes come and go. */
export interface PodNodes {
  /**
   * Whether every one of them mounts image volumes rightly, and by what that is known: a part of a sentence.
   *
   * @param spec the pod's
   */
  imageVolumes(spec: JsonObject): { readonly holds: boolean; readonly because: string };

  /** Whether all pods get one answer. Those that say nothing about their node do in any case. */
  isSameForAll(): boolean;
}

/** One place in which an operator lets our containers and volumes be other than planned. */
export interface AllowedDifference {
  /** JSON pointer that begins with the part: `/agent/env/DD_ENV`; `*` for each of our containers. */
  readonly path: string;
  /** What may be there: JSON, a text as a glob; `null` for nothing. */
  readonly value: JsonValue;
}

/** What a cluster says about itself, for the settings that are `auto`. */
export type SeenFacts = Pick<ClusterFacts, 'nativeSidecars' | 'imageVolumes' | 'openShift'>;

export type PodSecurityLevel = 'privileged' | 'baseline' | 'restricted';
