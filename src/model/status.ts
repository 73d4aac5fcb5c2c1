import { z } from 'zod';
import { sessionDefaultKinds } from './sessions.js';
import { coverageStates, stateTexts, wouldDecisions, type CoverageState } from './coverage.js';

/** What is said about a policy, with what each condition means; `Ready` alone is also said about a profile. */
export const conditionTexts = {
  Ready: 'The object is in force as it stands. False and Unknown repeat the first thing that stands against it.',
  ProfileResolved: 'The policy’s profile is there, is valid and takes the settings that the policy gives it.',
  WebhookConfigured: 'The policy’s webhooks are written into the webhook configurations.',
  InForce:
    'The API server is known to call Outrider for the policy’s pods: it has loaded the webhooks as they are written. Wait for it before you create pods.',
  CredentialsPresent: 'The access key is in the namespaces that the policy matches.',
  Overlapping:
    'While Outrider is down, the policy’s validating webhook, whose failure policy is Fail, also stops pods that another policy wins. It keeps nothing from being Ready.',
  BlocksRecovery:
    'While Outrider is down, the policy’s validating webhook, whose failure policy is Fail, also stops pods that a cluster recovers by: of its network, its volumes, its names, its certificates or its metrics. It keeps nothing from being Ready.',
  Weak: 'A pod’s author could bypass the policy, although it prefers Security or forbids opting out; the message says how. It keeps nothing from being Ready.',
  Covered:
    'The running pods of the policy have what it asks for, as far as they were looked at. It keeps nothing from being Ready, which is about new pods.',
  TakenBack:
    'Pods of the policy’s workloads are left alone, because parts of ours kept earlier ones from running; the message says whose. Under Security, or where opting out is forbidden, they are instrumented all the same. It keeps nothing from being Ready.',
  UnknownDefaults:
    'The API server fills in, in the containers and volumes that the policy adds to pods, what this version of Outrider does not know; the message says what, and what would let it be. It keeps nothing from being Ready.',
  Sessions:
    'Outrider is asked about what the policy does not simply allow in its running pods: exec, attach, debug containers and updates; the message has the modes. It keeps nothing from being Ready.',
  NoBreakGlass:
    'What would be denied in the policy’s running pods while Outrider is down is let through, because nobody is exempt from it who could put things right. It keeps nothing from being Ready.',
  ApiServerInjects:
    'The API server instruments pods of the policy by itself, also while no replica of Outrider answers; the message says where. Only with api-server-policies. It keeps nothing from being Ready.',
} as const satisfies Record<string, string>;
export type ConditionType = keyof typeof conditionTexts;

/** Every type, in the order in which they are written. */
export const conditionTypes = Object.keys(conditionTexts) as readonly ConditionType[];

/**
 * The closed list of a condition's reasons, CamelCase as the Kubernetes API conventions have it, each with what it means.
 * A reason is never renamed and never used again.
 */
export const conditionReasons = {
  Served: 'The policy is carried out as it is written.',
  Reporting: 'The policy’s mode is Report: it decides and says so, and no pod is changed.',
  Off: 'The policy’s mode is Off: it wins for its pods, and nothing is done to them.',
  Valid: 'The profile can be used.',
  PolicyInvalid: 'The policy does not have the form of one.',
  ProfileUnknown: 'There is no profile of the name that the policy gives.',
  ProfileDeleted: 'The profile was deleted while the policy uses it; its last valid version goes on.',
  ProfileInvalid: 'The profile does not have the form of one, or does not fit together.',
  NameTaken: 'The profile has the name of a built-in one, which is used in its place.',
  SettingsInvalid: 'A setting that the policy gives its profile is missing, unknown or not allowed.',
  Resolved: 'The profile is there, and takes the policy’s settings.',
  Configured: 'The policy’s webhooks are written.',
  Proven: 'Five new connections in a row met API servers that have loaded the policy’s webhooks.',
  Proving: 'Whether the API server has loaded the policy’s webhooks is being found out.',
  NotProven: 'That the API server has loaded the policy’s webhooks could not be proven; the message says why.',
  OlderReplicas:
    'It is not done, or cannot be proven, while a replica of a version that does not take part may answer.',
  Unreachable: 'The API server does not reach the webhook.',
  NothingToDo: 'The policy is not valid, has no last valid version and prefers Availability: its pods are left alone.',
  SelectsNothing: 'No object can have the labels that the policy’s selectors ask for.',
  Pending: 'It has not been done yet.',
  Paused: 'The installation is paused: its webhooks are taken out, and nothing is repaired.',
  CertificatePending: 'There is no certificate to be called with yet.',
  Drifted: 'Somebody else changed the webhook; it is put right at a bounded rate.',
  NotWritten: 'The API server refused the webhook configuration.',
  TooManyConditions:
    'The webhooks would have more match conditions than the API server takes: they are called for admitted pods, too.',
  NotNeeded: 'The profile takes no access key.',
  NoNamespace: 'No namespace is matched, so none lacks the access key.',
  Present: 'The access key is in every matched namespace.',
  Missing: 'The access key is missing in matched namespaces.',
  SourceMissing: 'The Secret to be mirrored is missing in Outrider’s namespace.',
  Blocked: 'A Secret of somebody else stands where the mirrored one belongs.',
  NotRead: 'The Secret could not be read everywhere.',
  NoOverlap: 'While Outrider is down, the policy blocks no pod that another policy would win.',
  BlocksOthersPods: 'While Outrider is down, the policy also blocks pods that a policy before it wins.',
  NoRecoveryBlocked: 'While Outrider is down, the policy stops nothing that a cluster is known to recover by.',
  StopsRecoveryPods: 'While Outrider is down, the policy stops pods in namespaces that a cluster recovers by.',
  TrustsAuthors: 'The policy neither prefers Security nor forbids opting out.',
  NoWayRound: 'Nothing is known by which a pod’s author could bypass the policy.',
  WaysRound: 'A pod’s author could bypass the policy; the message says how.',
  AsKnown: 'The API server filled in nothing but what is known.',
  FilledIn: 'The API server filled in what is not known, or left something out.',
  NothingAdded: 'The policy adds no containers and no volumes to pods.',
  AllCovered: 'Every running pod that was looked at is instrumented, or is excused.',
  PodsForged: 'Running pods claim to be instrumented, and are not.',
  PodsMissed: 'Pods run uninstrumented that a new pod would not.',
  PodsUnproven: 'Running pods name plans that this version does not know.',
  AuditOff: 'Nobody looks at running pods: the setting audit-minutes is 0.',
  NothingTakenBack: 'No part of ours was seen to keep pods from running.',
  WorkloadsTakenBack: 'New pods of some workloads are left alone until it works again.',
  PartsFail: 'Parts of ours keep pods from running, and the policy has them instrumented all the same.',
  TakenBackFull: 'More workloads have such trouble than are kept; those beyond are instrumented all the same.',
  TakeBackOff: 'Nobody looks for it: the setting take-back-after is 0.',
  NotLookedAt: 'The API server could not be asked; the message says why.',
  NothingAsked: 'The policy allows every session, and judges no updates.',
  Asked: 'The webhooks for what the policy does not simply allow are among its webhooks.',
  DebugUntraceable:
    'Debug containers are to be traced and cannot be in the pods that the policy makes; the message says why.',
  SessionsOff: 'The setting sessions is false: nobody is asked about exec and attach sessions.',
  NoLockOut: 'Nothing is denied while Outrider is down, or somebody is exempt from it.',
  ApiServerInjects: 'The API server instruments the pods that it can; the webhook does the rest.',
  NotServed: 'The API server does not serve MutatingAdmissionPolicy v1.',
  ParametersTruncated: 'The API server instruments pods, except for those whose images or namespaces did not fit.',
  CelRefused: 'The API server refused its own kind of policy; the message has its words.',
  NotClaimable: 'The API server cannot do what the policy asks for; the message says why.',
  NobodyExempt: 'Neither the setting break-glass-groups nor the policy names anybody who is exempt.',
} as const satisfies Record<string, string>;
export type ConditionReason = keyof typeof conditionReasons;

/** Whether a text is a reason of the closed list. */
export function isConditionReason(text: string): text is ConditionReason {
  return Object.hasOwn(conditionReasons, text);
}

/** A condition as every Kubernetes object has it (apimachinery `metav1.Condition`). */
const conditionSchema = z.strictObject({
  type: z
    .string()
    .max(316)
    .regex(/^[A-Za-z]([A-Za-z0-9]*[A-Za-z0-9])?$/)
    .describe('What the condition is about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: z
    .string()
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe('Why, as a code.'),
  message: z.string().max(32_768).describe('Why, for people, and what to do.'),
  observedGeneration: z.int().min(0).optional().describe('Generation of the object that this was found of.'),
  lastTransitionTime: z.iso.datetime().describe('When the status last changed.'),
});

const conditions = z.array(conditionSchema).max(32).default([]).describe('What holds, a condition a type.');
const observedGeneration = z.int().min(0).optional().describe('Generation that the conditions were found of.');

const count = z.int().min(0);
const perState = {
  instrumented: count.describe(stateTexts.instrumented),
  partial: count.describe(stateTexts.partial),
  stale: count.describe(stateTexts.stale),
  excused: count.describe(stateTexts.excused),
  missed: count.describe(stateTexts.missed),
  unproven: count.describe(stateTexts.unproven),
  forged: count.describe(stateTexts.forged),
} as const satisfies Record<CoverageState, z.ZodType>;
/** More reasons than this say little, and a status is read often. */
export const mostReportReasons = 50;
/** Names in a cluster have at most 253 characters; kinds are shorter. */
const name = z.string().max(253);

const coverageSchema = z
  .strictObject({
    observedAt: z.iso.datetime().describe('When the look began.'),
    pods: count.describe('How many pods of the policy ran.'),
    readWhole: count.describe('How many of them were read whole; the others were judged by their record.'),
    namespaces: count.describe('In how many namespaces they ran.'),
    ...perState,
    byApiServer: count
      .optional()
      .describe(
        'How many of the instrumented ones the API server made by itself alone, as their label says. Absent: none.',
      ),
    beyond: count.optional().describe('Pods of workloads beyond the number that is told apart.'),
    truncated: z
      .string()
      .max(256)
      .optional()
      .describe('Why a later look did not come through; absent where none failed.'),
    workloads: z
      .array(
        z.strictObject({
          namespace: name.describe('Where it is.'),
          kind: name.describe('Its kind.'),
          name: name.describe('Its name.'),
          state: z.enum(coverageStates).describe('The worst state of its pods.'),
          counts: z.strictObject(perState).partial().describe('How many pods are in which state.'),
          reason: z.string().max(64).describe('Why the pod that is named is in its state, as a code.'),
          detail: z.string().max(300).describe('The same for people.'),
          pod: name.describe('Name of a pod in that state.'),
        }),
      )
      .max(20)
      .describe('The worst workloads, at most 20.'),
  })
  .describe('What the leader’s last look at running pods came to.');

const reportSchema = z
  .strictObject({
    observedAt: z.iso.datetime().describe('When the look began.'),
    generation: z.int().min(0).describe('Generation of the policy that was decided by.'),
    pods: count.describe('How many pods of the policy ran.'),
    inject: count.describe('Pods that would be instrumented.'),
    partial: count.describe('Pods that would be instrumented in part.'),
    skip: count.describe('Pods that would be left as they are.'),
    deny: count.describe('Pods that would be denied.'),
    unknown: count.describe(
      'Pods of which it is not known: an image was not looked up yet, or the pod is instrumented already.',
    ),
    reasons: z
      .array(
        z.strictObject({
          decision: z.enum(wouldDecisions).describe('What would be done.'),
          reason: z.string().max(64).describe('Why, as a code.'),
          pods: count.describe('With how many pods.'),
        }),
      )
      .max(mostReportReasons)
      .describe('Why, the decisions in order and most pods first.'),
  })
  .describe(
    'What a policy in mode Report would do with its running pods in mode Inject, as the leader’s last look found them. Absent in another mode, and until that generation has been looked at.',
  );

const agentSchema = z
  .strictObject({
    image: z.string().max(2048).describe('The agent’s image, as pods have it.'),
    argvKnown: z
      .boolean()
      .describe('Whether it is known what the image starts, so that pods get a keeper for the agent.'),
    digest: z.string().max(200).optional().describe('What the image’s name stood for then.'),
    foundAt: z.iso
      .datetime()
      .optional()
      .describe('When that was first found so; it is looked up again every ten minutes, and when the policy changes.'),
    problem: z.string().max(1024).optional().describe('Why the last look-up gave nothing; absent where it did.'),
  })
  .describe(
    'What the agent’s image starts, as the leader looked it up. Absent where pods of the policy get no keeper.',
  );

/** Status of an InstrumentationPolicy. Written by the leader, under its own field manager; none of it is configuration, but that `sessionDefaults` is kept. */
export const policyStatusSchema = z.strictObject({
  observedGeneration,
  servedGeneration: z
    .int()
    .min(0)
    .optional()
    .describe('Generation that is carried out: an earlier one while the present one is not valid. Absent: none is.'),
  profile: z.string().max(320).optional().describe('Profile and version that is carried out, such as sysdig/1.'),
  matchedNamespaces: z.int().min(0).optional().describe('How many namespaces the namespaceSelector selects.'),
  sessionDefaults: z
    .enum(sessionDefaultKinds)
    .optional()
    .describe(
      'What sessions.exec and sessions.debug are by default under Security or optOut: Forbidden. Record: the policy is from before the field.',
    ),
  agent: agentSchema.optional(),
  coverage: coverageSchema.optional(),
  report: reportSchema.optional(),
  conditions,
});

/** Status of an InstrumentationProfile. */
export const profileStatusSchema = z.strictObject({
  observedGeneration,
  servedGeneration: z
    .int()
    .min(0)
    .optional()
    .describe('Generation that is used: an earlier one while the present one is not valid. Absent: none is.'),
  policies: z.int().min(0).optional().describe('How many policies use the profile.'),
  conditions,
});

/** A condition with a type and reason of the closed lists. */
export interface Condition extends z.infer<typeof conditionSchema> {
  readonly type: ConditionType;
  readonly reason: ConditionReason;
}
export type ConditionStatus = Condition['status'];

/** What is written of a policy. */
export interface PolicyStatus extends Omit<z.infer<typeof policyStatusSchema>, 'conditions'> {
  readonly conditions: readonly Condition[];
}

/** What is written of a profile. */
export interface ProfileStatus extends Omit<z.infer<typeof profileStatusSchema>, 'conditions'> {
  readonly conditions: readonly Condition[];
}
