import type { Prefer } from './policy.js';
import type { Obstacle } from './profile.js';
import type { AgentPort } from './recipe.js';

/** One variable of a container in a task: plain text. */
export interface TaskEnv {
  readonly name: string;
  readonly value: string;
  /** Left out of tasks that are not for Fargate. */
  readonly fargateOnly: boolean;
  /** Names of the only containers that it is for; absent for all. Of several of one name, the first that is for it counts. */
  readonly containers?: ReadonlySet<string>;
}

/** One variable that ECS reads out of Secrets Manager or the Parameter Store when the container starts. */
export interface TaskSecret {
  readonly name: string;
  /** ARN or name of the secret or parameter; `undefined` where the policy does not give one. */
  readonly valueFrom: string | undefined;
  /** What stands for it in a new container of a Dockerrun file, which has no secrets. */
  readonly dockerrunPlaceholder: string | undefined;
}

/** A part of the container instance that the agent sees. */
export interface TaskHostMount {
  /** Name of the volume, where the task has none of the same path. */
  readonly volume: string;
  /** Path on the container instance. */
  readonly path: string;
  readonly mountPath: string;
  readonly readOnly: boolean;
}

/** A profile's task recipe rendered for one policy: all that `inject/` knows of a vendor where tasks are concerned. */
export interface TaskRecipe {
  readonly profile: string;
  readonly prefer: Prefer;
  /** `pidMode: task`, so that the containers share one process namespace. */
  readonly sharePidNamespace: boolean;
  readonly capabilities: readonly string[];
  /**
   * What is before the original argv; its first element is how a wrapped argv is recognised. Empty for a recipe of the
   * agent alone, which leaves every other container as it is.
   */
  readonly wrapper: readonly string[];
  /** Where the wrapper's files are in an instrumented container; empty without a wrapper. */
  readonly toolsPath: string;
  /** How they get there; without it, by `volumesFrom` the agent's container. */
  readonly volume: { readonly name: string; readonly init: TaskInit } | undefined;
  readonly env: readonly TaskEnv[];
  readonly reservedEnv: ReadonlySet<string>;
  /** What an instrumented container waits for. */
  readonly dependsOn: readonly { readonly part: 'agent' | 'init'; readonly condition: string }[];
  readonly agent: TaskAgent;
  readonly skipWhen: ReadonlySet<Obstacle>;
}

/** The container that fills the volume, and ends. */
export interface TaskInit {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly user: string | undefined;
}

export interface TaskAgent {
  readonly name: string;
  readonly image: string;
  /** Other repositories of the same image. */
  readonly repositories: readonly string[];
  /** Whether the task stops with it. */
  readonly essential: boolean;
  readonly env: readonly TaskEnv[];
  readonly secrets: readonly TaskSecret[];
  /** Ports that it listens on in the task's network. */
  readonly ports: readonly AgentPort[];
  readonly capabilities: readonly string[];
  readonly hostMounts: readonly TaskHostMount[];
  readonly dockerrunSecurityOptions: readonly string[];
  /** Its memory limit, in MiB; stands for the reservation where it is given. */
  readonly memoryLimitMiB: number | undefined;
  /** Its memory limit, in MiB, that is written whatever the task sets. */
  readonly memoryMiB: number | undefined;
  /** 1024 are one vCPU. */
  readonly cpuUnits: number | undefined;
  /** ARN of the secret with which ECS pulls the images of the containers that are added. */
  readonly repositoryCredentials: string | undefined;
  /** Memory to set aside, in MiB, where the task as a whole sets none. */
  readonly memoryReservationMiB: number;
  readonly healthCheck: TaskHealthCheck | undefined;
  readonly log: { readonly driver: string; readonly options: Readonly<Record<string, string>> } | undefined;
  /** The setting that gives the access key's ARN, for messages. */
  readonly secretSetting: string | undefined;
  /** The setting that gives `repositoryCredentials`, for messages. */
  readonly repositoryCredentialsSetting: string | undefined;
}

export interface TaskHealthCheck {
  readonly command: readonly string[];
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly retries: number;
  readonly startPeriodSeconds: number;
}
