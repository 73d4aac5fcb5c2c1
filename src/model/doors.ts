/**
 * The doors: what the API server asks the webhook about, one row for each subject, and at which verbs. Paths, rules and
 * bounds stand here once. The server's routes, the webhook configurations, the handlers, metrics and Events read them.
 *
 * A further subject is a row here, a handler under its key in `ReviewHandlers`, and the entries by which policies register
 * it (`cluster/registration/desired.ts`).
 */
import type { Door } from './decision.js';

/** What an answer may say beside that a request is allowed; warnings come with any. What is not listed is never said. */
export type Sayable = 'patch' | 'denial';

/** What requests a subject is made of, as a webhook configuration and an AdmissionReview name them. */
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
  readonly requests: SubjectRequests;
  /** What an Event calls one of them. */
  readonly one: string;
  readonly sideEffects: 'NoneOnDryRun' | 'None';
  /** Whether the mutating door is asked again after other webhooks have changed the object. */
  readonly reinvocationPolicy: 'IfNeeded' | 'Never';
  /** Whether its paths name, behind the token, the webhook configuration that the API server calls by. */
  readonly namesConfiguration: boolean;
  /** Whether its calls count as reviews: in metrics, and in what callers of a wrong path are told. */
  readonly isMeasured: boolean;
  /** The largest body that is read, where that is less than for all. */
  readonly maxBodyBytes: number;
  /** Its doors; a subject that is only changed, or only checked, has one. */
  readonly doors: { readonly [Verb in Door]?: DoorRow & { readonly verb: Verb } };
}

/** A pod that is created. */
export const pods = {
  key: 'pods',
  requests: { apiGroup: '', apiVersion: 'v1', resource: 'pods', subResource: '', kind: 'Pod', operations: ['CREATE'] },
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
  requests: {
    apiGroup: '',
    apiVersion: 'v1',
    resource: 'configmaps',
    subResource: '',
    kind: 'ConfigMap',
    operations: ['CREATE'],
  },
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

/** The table. */
export const subjects = [pods, selfTest] as const;

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
