import type { JsonObject } from './json.js';

/**
 * How a task is written down: an ECS task definition as it is registered or described (camelCase), a CloudFormation
 * resource (PascalCase, intrinsic functions), a Dockerrun.aws.json of version 2 (camelCase, no task level), or the bare
 * list of container definitions that Terraform has (camelCase, nothing of the task but them).
 */
export type TaskFormat = 'ecs' | 'cloudformation' | 'dockerrun' | 'containers';

/** A task, or what tasks are made of, inside a document. */
export interface TaskTemplate {
  readonly format: TaskFormat;
  /**
   * JSON pointer of the object that the task is in: the task definition itself, or the CloudFormation resource with its
   * `Properties`. Operations about the task start there, but see {@link pointerInDocument}.
   */
  readonly path: string;
  /** Kind of it, for people: `TaskDefinition`, `AWS::ECS::TaskDefinition`, `Dockerrun`, `ContainerDefinitions`. */
  readonly kind: string;
  /** The family, or the resource's logical name. */
  readonly name: string | undefined;
  readonly value: JsonObject;
  /** Tags whose key and value are text. */
  readonly tags: Readonly<Record<string, string>>;
  /** A service of the same template has `EnableExecuteCommand`; absent for no. */
  readonly execEnabled?: boolean;
  /** Identifiers of the loops of `Fn::ForEach` that the resource is in, whose placeholders may be in any text. */
  readonly loops?: readonly string[];
  /** Tags that a function of CloudFormation makes, so that only deployment knows them; absent for none. */
  readonly unknownTags?: readonly UnknownTag[];
}

/** A tag that only deployment knows, or all of them. */
export interface UnknownTag {
  /** Its key, where that is written down. */
  readonly tag: string | undefined;
  /** JSON pointer of the function, in the document. */
  readonly pointer: string;
}

/**
 * Where a pointer inside a task leads in its document. A bare list of container definitions is read as the task
 * definition that holds it and nothing else.
 */
export function pointerInDocument({ format, path }: Pick<TaskTemplate, 'format' | 'path'>, pointer: string): string {
  return `${path}${format === 'containers' ? pointer.slice(bareList.length) : pointer}`;
}

const bareList = '/containerDefinitions';
