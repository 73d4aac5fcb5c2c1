import type { JsonObject } from './json.js';

/**
 * How a task is written down: an ECS task definition as it is registered or described (camelCase), a CloudFormation
 * resource (PascalCase, intrinsic functions), or a Dockerrun.aws.json of version 2 (camelCase, no task level).
 */
export type TaskFormat = 'ecs' | 'cloudformation' | 'dockerrun';

/** A task, or what tasks are made of, inside a document. */
export interface TaskTemplate {
  readonly format: TaskFormat;
  /**
   * JSON pointer of the object that the task stands in: the task definition itself, or the CloudFormation resource
   * with its `Properties`. Operations about the task start there.
   */
  readonly path: string;
  /** Kind of the object, for people: `TaskDefinition`, `AWS::ECS::TaskDefinition`, `Dockerrun`. */
  readonly kind: string;
  /** The family, or the resource's logical name. */
  readonly name: string | undefined;
  readonly value: JsonObject;
  /** Tags whose key and value are text. */
  readonly tags: Readonly<Record<string, string>>;
}
