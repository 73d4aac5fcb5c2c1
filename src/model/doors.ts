/**
 * The doors: what the API server asks the webhook about, one row for each subject, and at which verbs. Paths, rules and
 * bounds are only defined here. The server's routes, the webhook configurations, the handlers, metrics and Events read
 * them.
 *
 * A further subject is a row here, a handler under its key in `ReviewHandlers`, and the entries by which policies register
 * it (`cluster/registration/desired.ts`).
 */
import type { Door } from './decision.js';

/**
 * What an answer may say besides that a request is allowed; warnings come with any. Anything not listed is never sent.
 */
export type Sayable = 'patch' | 'denial';

/** Requests of one resource, as a webhook configuration and an AdmissionReview name them. */
export interface SubjectRequests {
  readonly apiGroup: string;
  readonly apiVersion: string;
  /** Plural, such as `pods`. */
  readonly resource: string;
  /** Such as `exec`; empty for the resource itself. */
  readonly subResource: string;
  /** Kind of the request's object. */
  readonly kind: string;
  readonly operations: readonly ('CREATE' | 'UPDATE' | 'CONNECT')[];
}

/** One subject at one verb. */
export interface DoorRow {
  readonly verb: Door;
  /** The door in metrics, log lines and Events; no two have the same. */
  readonly name: string;
  /** Where its reviews are posted. */
  readonly path: string;
  readonly maySay: readonly Sayable[];
}

/** One subject. */
export interface SubjectRow {
  /** Its key in `ReviewHandlers`. */
  readonly key: string;
  /** The requests that it covers; several resources if they are judged alike. */
  readonly requests: readonly SubjectRequests[];
  /** The name of one of them in an Event. */
  readonly one: string;
  readonly sideEffects: 'NoneOnDryRun' | 'None';
  /** Whether the mutating door is asked again after other webhooks have changed the object. */
  readonly reinvocationPolicy: 'IfNeeded' | 'Never';
  /** Whether its paths name, after the token, the webhook configuration that the API server calls by. */
  readonly namesConfiguration: boolean;
  /** Whether its calls count as reviews: in metrics, and in the answer to callers of a wrong path. */
  readonly isMeasured: boolean;
  /** The largest body that is read, where that is less than for all. */
  readonly maxBodyBytes: number;
  /** Its doors; a subject that is only changed, or only checked, has one. */
  readonly doors: { readonly [Verb in Door]?: DoorRow & { readonly verb: Verb } };
}

/** A pod that is created. */
export const pods = {
  key: 'pods',
  requests: [
    { apiGroup: '', apiVersion: 'v1', resource: 'pods', subResource: '', kind: 'Pod', operations: ['CREATE'] },
  ],
  one: 'a pod',
  sideEffects: 'NoneOnDryRun',
  reinvocationPolicy: 'IfNeeded',
  namesConfiguration: false,
  isMeasured: true,
  maxBodyBytes: Infinity,
  doors: {
    mutate: { verb: 'mutate', name: 'mutate', path: '/mutate/pods', maySay: ['patch'] },
    validate: { verb: 'validate', name: 'validate', path: '/validate/pods', maySay: ['denial'] },
  },
} as const satisfies SubjectRow;

/** The ConfigMap of the leader's dry run (E42). */
export const selfTest = {
  key: 'selfTest',
  requests: [
    {
      apiGroup: '',
      apiVersion: 'v1',
      resource: 'configmaps',
      subResource: '',
      kind: 'ConfigMap',
      operations: ['CREATE'],
    },
  ],
  one: 'a self-test',
  sideEffects: 'None',
  reinvocationPolicy: 'Never',
  namesConfiguration: true,
  isMeasured: false,
  maxBodyBytes: 64 * 1024,
  doors: {
    mutate: { verb: 'mutate', name: 'mutate-self-test', path: '/mutate/self-test', maySay: ['patch'] },
    validate: { verb: 'validate', name: 'validate-self-test', path: '/validate/self-test', maySay: [] },
  },
} as const satisfies SubjectRow;

/** The common part of the rows for ways into a running pod. */
const way = { sideEffects: 'None', namesConfiguration: false, isMeasured: true, maxBodyBytes: Infinity } as const;

/** A command that is started in a running container: the object is PodExecOptions, and the pod is not in the request. */
export const exec = {
  ...way,
  key: 'exec',
  requests: [
    {
      apiGroup: '',
      apiVersion: 'v1',
      resource: 'pods',
      subResource: 'exec',
      kind: 'PodExecOptions',
      operations: ['CONNECT'],
    },
  ],
  one: 'an exec session',
  // Another webhook may put something in front of the command, too.
  reinvocationPolicy: 'IfNeeded',
  doors: {
    mutate: { verb: 'mutate', name: 'mutate-exec', path: '/mutate/exec', maySay: ['patch'] },
    validate: { verb: 'validate', name: 'validate-exec', path: '/validate/exec', maySay: ['denial'] },
  },
} as const satisfies SubjectRow;

/** A connection to what a container runs. There is no command that could be changed. */
export const attach = {
  ...way,
  key: 'attach',
  requests: [
    {
      apiGroup: '',
      apiVersion: 'v1',
      resource: 'pods',
      subResource: 'attach',
      kind: 'PodAttachOptions',
      operations: ['CONNECT'],
    },
  ],
  one: 'an attach session',
  reinvocationPolicy: 'Never',
  doors: {
    validate: { verb: 'validate', name: 'validate-attach', path: '/validate/attach', maySay: ['denial'] },
  },
} as const satisfies SubjectRow;

/** Ephemeral containers that are added to a running pod: object and old object are whole pods. */
export const debug = {
  ...way,
  key: 'debug',
  requests: [
    {
      apiGroup: '',
      apiVersion: 'v1',
      resource: 'pods',
      subResource: 'ephemeralcontainers',
      kind: 'Pod',
      operations: ['UPDATE'],
    },
  ],
  one: 'a debug container',
  reinvocationPolicy: 'IfNeeded',
  doors: {
    mutate: { verb: 'mutate', name: 'mutate-debug', path: '/mutate/debug', maySay: ['patch'] },
    validate: { verb: 'validate', name: 'validate-debug', path: '/validate/debug', maySay: ['denial'] },
  },
} as const satisfies SubjectRow;

/** Other images or resources for containers of a running pod: object and old object are whole pods. */
export const updates = {
  ...way,
  key: 'updates',
  requests: [
    { apiGroup: '', apiVersion: 'v1', resource: 'pods', subResource: '', kind: 'Pod', operations: ['UPDATE'] },
    { apiGroup: '', apiVersion: 'v1', resource: 'pods', subResource: 'resize', kind: 'Pod', operations: ['UPDATE'] },
  ],
  one: 'an update of a pod',
  reinvocationPolicy: 'Never',
  doors: {
    validate: { verb: 'validate', name: 'validate-update', path: '/validate/update', maySay: ['denial'] },
  },
} as const satisfies SubjectRow;

/** The table. */
export const subjects = [pods, exec, attach, debug, updates, selfTest] as const;

/** What the API server asks about, by its key. */
export type Subject = (typeof subjects)[number]['key'];

type ValueOf<Doors> = Doors extends unknown ? Doors[keyof Doors] : never;
type Row = ValueOf<(typeof subjects)[number]['doors']>;

/** A door by its name. */
export type DoorName = Row['name'];

/** A door, with its subject. */
export interface ServedDoor extends DoorRow {
  readonly name: DoorName;
  readonly subject: SubjectRow & { readonly key: Subject };
}

/** Every door, in the order of the table. */
export const allDoors: readonly ServedDoor[] = subjects.flatMap((subject) =>
  Object.values<Row>(subject.doors).map((door) => ({ ...door, subject })),
);

/** The doors whose calls count as reviews. */
export const measuredDoors: readonly ServedDoor[] = allDoors.filter(({ subject }) => subject.isMeasured);
