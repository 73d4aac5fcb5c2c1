import { z } from 'zod';
import { admissibleReasons, type ReasonCode } from './reasons.js';
import { labelSelectorSchema } from './selector.js';
import { apiVersion } from './names.js';
import { longestName, subdomainPattern } from './object-name.js';
import { quantityPattern } from './quantity.js';
import { validationRules, withRules } from './validation-rules.js';

/** An object's name, as Kubernetes allows it (RFC 1123 subdomain). */
export const objectName = z
  .string()
  .min(1)
  .max(longestName)
  .regex(subdomainPattern, 'must be lower case letters, digits, - and . (an RFC 1123 subdomain)');

/** Metadata of a document; anything else that a cluster adds there is accepted and ignored. */
export const metadataSchema = z.looseObject({ name: objectName });

/** A Kubernetes quantity that is not negative. */
export const quantityText = z.string().regex(quantityPattern, 'must be a quantity such as 100m, 256Mi or 1');
/** The same, as text or as a number. */
export const quantitySchema = z
  .union([z.string(), z.number().nonnegative()])
  .transform(String)
  .pipe(quantityText)
  .meta({ 'x-kubernetes-int-or-string': true, pattern: quantityPattern.source });

/** Requests and limits of a container. */
export const resourcesSchema = z.strictObject({
  requests: z.record(z.string(), quantitySchema).optional().describe('Resources that are set aside.'),
  limits: z.record(z.string(), quantitySchema).optional().describe('Resources that are not exceeded.'),
});
export type Resources = z.infer<typeof resourcesSchema>;

const amount = quantitySchema.optional();
const overrideSchema = z.strictObject({
  resources: z
    .strictObject({
      max: z
        .strictObject({
          cpu: amount.describe('Absent: no pod chooses it.'),
          memory: amount.describe('Absent: no pod chooses it.'),
          'ephemeral-storage': amount.describe('Absent: no pod chooses it.'),
        })
        .describe('The most that a pod may choose, as a request or a limit.'),
    })
    .describe(
      'A pod chooses requests and limits of its agent by the annotation outrider.dev/agent-resources: at most these, and no limit below what the agent needs.',
    ),
});
/** The most that a pod may choose for its agent, by resource. */
export type MostAgentResources = z.infer<typeof overrideSchema>['resources']['max'];

export const preferSchema = z.enum(['Availability', 'Security']);
/**
 * What takes precedence in case of trouble: `Availability` lets the pod run uninstrumented, `Security` does not let it
 * run.
 */
export type Prefer = z.infer<typeof preferSchema>;

const coverSchema = z.enum(['Main', 'Init', 'Probes', 'Lifecycle']);
export type Cover = z.infer<typeof coverSchema>;

const glob = z.string().min(1).max(512);

const words = z.array(z.string().max(32_768)).max(256);

const exclusionSchema = z.union([
  glob,
  z.strictObject({
    image: glob.describe('Glob on the image as it is written.'),
    command: words.optional().describe('The command that the container has to have, word for word. Absent: none.'),
    args: words.optional().describe('The args that the container has to have, word for word. Absent: none.'),
  }),
]);
/** What `containers.exclude` may hold. */
export type Exclusion = z.infer<typeof exclusionSchema>;

/** Containers that meshes and Vault add, by name or image; a pod's author can use these too. */
const trustingExclusions: readonly Exclusion[] = [
  ...['istio-proxy', 'linkerd-proxy', 'vault-agent'],
  ...['istio-init', 'linkerd-init', 'vault-agent-init'],
  // App Mesh's proxy has a name that other people's Envoys have, too (W35).
  ...['linkerd-debug', 'image:*aws-appmesh-envoy*'],
];

const strictExclusions: readonly Exclusion[] = [];
const strictCover: readonly Cover[] = ['Main', 'Init'];
const trustingCover: readonly Cover[] = ['Main'];

const execModeSchema = z.enum(['Allow', 'Record', 'Trace', 'Deny']);
/** What happens to a session whose command can be changed. */
export type SessionMode = z.infer<typeof execModeSchema>;
const attachModeSchema = z.enum(['Allow', 'Record', 'Deny']);
/** What happens to a session that joins what runs already. */
export type AttachMode = z.infer<typeof attachModeSchema>;

const callerName = z.string().min(1).max(256);
const callerNames = z.array(callerName).max(64).optional();

// Nothing here has a default in the custom resource, so that what nobody wrote is in no object: a replica of an earlier
// version accepts no policy with a field that it does not know.
const sessionsSchema = z.strictObject({
  exec: execModeSchema
    .optional()
    .describe(
      'kubectl exec and cp. Allow: nobody asks Outrider. Record: they are written down. Trace: the command starts under the tracer. Deny: refused. Default: Allow under prefer: Availability with optOut: Allowed; else Trace, or Record for a policy from before the field.',
    ),
  attach: attachModeSchema
    .optional()
    .describe(
      'kubectl attach, which joins what runs already. Default: Allow under prefer: Availability with optOut: Allowed, else Record.',
    ),
  debug: execModeSchema
    .optional()
    .describe(
      'Debug containers (kubectl debug). Default: Allow under prefer: Availability with optOut: Allowed; else Trace, or Record for a policy from before the field.',
    ),
  exempt: z
    .strictObject({
      users: callerNames.describe('Names of users whose sessions nobody asks Outrider about.'),
      groups: callerNames.describe('Names of groups whose members’ sessions nobody asks Outrider about.'),
    })
    .optional()
    .describe('Whose sessions go on as they are, also while Outrider is down.'),
});

const profileReferenceSchema = z.strictObject({
  name: objectName.describe('The profile: sysdig, datadog, or one of your own.'),
  settings: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe('Settings of the profile; each profile documents its own.'),
});

const agentSchema = z.strictObject({
  image: z
    .string()
    .max(1024)
    .default('')
    .describe('Image of the agent in place of the profile’s. Empty: the profile’s.'),
  imagePullSecrets: z.array(objectName).default([]).describe('Names of pull secrets for the agent’s image.'),
  mirrorPullSecrets: z
    .boolean()
    .default(false)
    .describe('Copy these pull secrets from Outrider’s namespace into matched namespaces; pods name the copies.'),
  resources: resourcesSchema.default({}).describe('Resources of the agent in place of the profile’s.'),
  allowOverride: overrideSchema.optional().describe('What a pod may choose of its own agent. Absent: nothing.'),
  copyResources: resourcesSchema
    .default({})
    .describe('Resources of the init containers that bring the agent’s files, in place of small ones.'),
  placement: z
    .enum(['Auto', 'Native', 'Container'])
    .default('Auto')
    .describe(
      'Native: an init container with restartPolicy Always. Container: a plain one. Auto: what the cluster has.',
    ),
});

// As with sessions, nothing of it is in a policy that does not ask for it.
const canarySchema = z
  .strictObject({
    percent: z
      .int()
      .min(0)
      .max(100)
      .describe('How many of a hundred workloads get the policy as it stands. A greater number keeps all that had it.'),
    seed: z
      .string()
      .max(63)
      .optional()
      .describe('Another text chooses other workloads. Default: the name of the policy.'),
    previous: z
      .strictObject({
        profile: profileReferenceSchema.describe('As in spec.profile.'),
        agent: agentSchema.optional().describe('As in spec.agent, whole. Absent: spec.agent.'),
      })
      .optional()
      .describe(
        'What the other workloads get. Absent: they are left alone, with reason canary_excluded. Needed with prefer: Security or optOut: Forbidden.',
      ),
  })
  .describe('The share of workloads that get the policy as it stands; a workload is wholly in or out.');

const specInputSchema = z
  .strictObject({
    mode: z
      .enum(['Off', 'Report', 'Inject'])
      .default('Inject')
      .describe('Off: the policy wins and nothing is done. Report: decide and say, do not patch. Inject: do it.'),
    prefer: preferSchema
      .default('Availability')
      .describe('Availability: on any trouble the pod runs uninstrumented. Security: it does not run uninstrumented.'),
    precedence: z
      .int()
      .min(-1_000_000)
      .max(1_000_000)
      .default(0)
      .describe('The policy with the highest number wins for a pod; among equals, the first by name.'),
    match: z
      .strictObject({
        namespaceSelector: labelSelectorSchema.default({}).describe('Which namespaces, by their labels. Empty: all.'),
        podSelector: labelSelectorSchema
          .default({})
          .describe('Which pods, by their labels. Empty: all. Not together with optOut: Forbidden.'),
      })
      .default({ namespaceSelector: {}, podSelector: {} })
      .describe('Which pods the policy is for.'),
    containers: z
      .strictObject({
        include: z
          .array(glob)
          .min(1)
          .default(['*'])
          .describe('Containers to instrument: globs on the name, or, with image: in front, on the image.'),
        exclude: z
          .array(exclusionSchema)
          .max(256)
          .optional()
          .describe(
            'Containers to leave alone: globs on the name, or, with image: in front, on the image; or an image with the command and args it is started with. Default: none under prefer: Security or optOut: Forbidden, else what Istio, Linkerd, App Mesh and Vault add.',
          ),
        cover: z
          .array(coverSchema)
          .min(1)
          .optional()
          .describe(
            'What is started under the tracer: Main containers, Init containers, exec Probes, Lifecycle hooks. Default: Main and Init under prefer: Security or optOut: Forbidden, else Main.',
          ),
      })
      .prefault({})
      .describe('Which containers of a pod.'),
    profile: profileReferenceSchema.describe('Which agent, and how it is set up.'),
    agent: agentSchema.prefault({}).describe('The agent’s container.'),
    credentials: z
      .strictObject({
        secretRef: z
          .strictObject({
            name: objectName.describe('Name of the Secret in the pod’s namespace.'),
            key: z.string().min(1).max(253).describe('Key in the Secret.'),
          })
          .optional()
          .describe('Where the agent’s access key is. Absent: the profile’s default.'),
        mirror: z
          .boolean()
          .default(false)
          .describe('Copy the Secret from Outrider’s namespace into matched namespaces.'),
      })
      .prefault({})
      .describe('The agent’s access key. Never a value, always a Secret.'),
    capability: z
      .enum(['Auto', 'Always', 'Never'])
      .default('Auto')
      .describe('Whether the profile’s capability is added. Auto: where it is not refused.'),
    delivery: z
      .enum(['Auto', 'Copy', 'ImageVolume'])
      .default('Auto')
      .describe(
        'How the agent’s files get into the pod. Auto: ImageVolume where every node that can get the pod is known to mount image volumes rightly, else Copy.',
      ),
    optOut: z
      .enum(['Allowed', 'Forbidden'])
      .default('Allowed')
      .describe('Whether a namespace or pod may opt out by label, or a pod narrow the choice by annotation.'),
    admitUninstrumented: z
      .array(z.enum(admissibleReasons as [ReasonCode, ...ReasonCode[]]))
      .default([])
      .describe('Under Security: reasons for which a pod may run as it is.'),
    onUnresolvedImage: z
      .enum(['Skip', 'Deny'])
      .optional()
      .describe(
        'What happens to a pod whose image cannot be looked up. Default: Skip under Availability, Deny under Security.',
      ),
    sessions: sessionsSchema
      .optional()
      .describe('What happens to sessions in the policy’s running pods: exec, attach and debug containers.'),
    canary: canarySchema.optional(),
    restart: z
      .enum(['Never', 'Advise'])
      .default('Never')
      .describe(
        'What is said in the cluster about workloads that a restart would put right; nothing is ever restarted unasked. Never: nothing. Advise: an Event on the workload names the command.',
      ),
  })
  .superRefine((spec, context) => {
    if (spec.canary !== undefined && spec.canary.previous === undefined && isStrict(spec)) {
      context.addIssue({
        code: 'custom',
        path: ['canary', 'previous'],
        message: validationRules.canaryKeepsPrevious.message,
      });
    }
    if (spec.optOut !== 'Forbidden') return;
    const { matchLabels, matchExpressions } = spec.match.podSelector;
    if (Object.keys(matchLabels ?? {}).length > 0 || (matchExpressions ?? []).length > 0) {
      context.addIssue({
        code: 'custom',
        path: ['match', 'podSelector'],
        message: validationRules.podSelectorUnderForbidden.message,
      });
    }
  })
  .describe('Who gets which profile, and how strictly.')
  .meta(withRules(validationRules.podSelectorUnderForbidden, validationRules.canaryKeepsPrevious));

/**
 * Fills in the defaults that depend on how strict a policy is: a pod's author is trusted with names only where nothing
 * is denied (F8). Not the custom resource's defaults, so that what is stored is what was written.
 */
const specSchema = specInputSchema.transform((spec) => {
  const strict = isStrict(spec);
  const {
    include,
    exclude = strict ? strictExclusions : trustingExclusions,
    cover = strict ? strictCover : trustingCover,
  } = spec.containers;
  return { ...spec, containers: { include, exclude, cover } };
});

/** A policy's spec without what its strictness filled in, for anyone who goes on to make it stricter or less so. */
export function withoutStrictnessDefaults(
  spec: PolicySpec,
): Omit<PolicySpec, 'containers'> & { readonly containers: Partial<PolicySpec['containers']> } {
  const { include, exclude, cover } = spec.containers;
  const isGiven = (list: unknown): boolean =>
    ![strictExclusions, trustingExclusions, strictCover, trustingCover].some((filledIn) => filledIn === list);
  return {
    ...spec,
    containers: { include, ...(isGiven(exclude) ? { exclude } : {}), ...(isGiven(cover) ? { cover } : {}) },
  };
}

/** Whether a policy does not trust a pod's author: it denies what they could cause, or forbids opting out. */
export function isStrict({
  prefer,
  optOut,
}: {
  readonly prefer: Prefer;
  readonly optOut: 'Allowed' | 'Forbidden';
}): boolean {
  return prefer === 'Security' || optOut === 'Forbidden';
}

/** An InstrumentationPolicy: who gets which profile, and how strictly. Cluster-scoped. */
export const policySchema = z.looseObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('InstrumentationPolicy'),
  metadata: metadataSchema,
  spec: specSchema,
});

export type Policy = z.infer<typeof policySchema>;
export type PolicySpec = Policy['spec'];

/** Whether a policy can deny a pod, so that it also needs the validating door. */
export function canDeny(spec: PolicySpec): boolean {
  return isStrict(spec) || spec.onUnresolvedImage === 'Deny';
}
