import { apiTokenVolumePrefix } from '../../model/api-token.js';
import { mostTolerations } from '../../model/exemption.js';
import { names } from '../../model/names.js';
import { patternOf } from './globs.js';

// What is looked at in a pod, as expressions in CEL. Each says that something is surely not the case which the engine would act
// on: it may say so of fewer pods than the engine does, never of more. What is changed in the engine is changed here.

/** A part of what the API server's match condition asks, and of what its judge asks. */
export interface Condition {
  /** What it is about, for whoever reads it here. */
  readonly name: string;
  readonly expression: string;
}

/** A condition on a list of the pod's containers. */
export function eachContainer(list: string, variable: string, expression: string): string {
  return `(!has(${list}) || ${list}.all(${variable}, ${expression}))`;
}

const pod = 'object.spec';
const osKeys = "['kubernetes.io/os', 'beta.kubernetes.io/os']";
const placementKeys = "['kubernetes.io/os', 'beta.kubernetes.io/os', 'node.kubernetes.io/windows-build', 'type']";
/** The pattern of names of a policy that includes all, as nearly every one does. */
const everyName = patternOf(['*']);
/** Volumes by which a pod shows that a webhook gives its containers a cloud's identity. */
const identityVolumes = "['aws-iam-token', 'eks-pod-identity-token', 'gcp-iam-token']";

/**
 * Of all containers of a pod together. What conditions may cost is bounded, and a pod that is instrumented and then costs too
 * much to judge would be refused: so these are well within what the judgement by two plans was seen to get through.
 */
export const mostOf = { words: 4_000, letters: 64_000, variables: 12_000, mounts: 2_000, volumes: 500 } as const;

const everyContainer = `(${pod}.containers + (has(${pod}.initContainers) ? ${pod}.initContainers : []))`;
const everyWord = `${everyContainer}.map(c, (has(c.command) ? c.command : []) + (has(c.args) ? c.args : [])).flatten()`;

function countOf(field: string): string {
  return `size(${everyContainer}.map(c, has(c.${field}) ? c.${field} : []).flatten())`;
}

/** What of the pod as a whole has to hold, whoever made it. @param t the plan's terms, as an expression */
export function podConditions(t: string): readonly Condition[] {
  return [
    {
      name: 'node-namespaces',
      expression: `(!has(${pod}.hostNetwork) || !${pod}.hostNetwork) && (!has(${pod}.hostPID) || !${pod}.hostPID) && (!has(${pod}.shareProcessNamespace) || ${pod}.shareProcessNamespace)`,
    },
    {
      name: 'runtime',
      expression: `!has(${pod}.runtimeClassName) && (!has(${pod}.os) || ${pod}.os.name == 'linux') && (!has(${pod}.securityContext) || !has(${pod}.securityContext.windowsOptions))`,
    },
    {
      name: 'node-selector',
      expression: `!has(${pod}.nodeSelector) || ${pod}.nodeSelector.all(k, !(k in ${placementKeys}) || (k in ${osKeys} && ${pod}.nodeSelector[k] == 'linux'))`,
    },
    {
      name: 'tolerations',
      expression: `!has(${pod}.tolerations) || (size(${pod}.tolerations) <= ${mostTolerations} && ${pod}.tolerations.all(x, !has(x.key) || x.key != 'virtual-kubelet.io/provider'))`,
    },
    {
      name: 'affinity',
      expression: `!has(${pod}.affinity) || !has(${pod}.affinity.nodeAffinity) || !has(${pod}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution) || ${pod}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.all(x, !has(x.matchExpressions) || x.matchExpressions.all(e, !(e.key in ${placementKeys})))`,
    },
    {
      name: 'scheduler',
      expression: `!has(${pod}.schedulerName) || ${pod}.schedulerName != 'fargate-scheduler'`,
    },
    {
      name: 'hosts',
      expression: `!has(${pod}.hostAliases) && !has(${pod}.hostnameOverride) && (!has(${pod}.hostname) || !(${pod}.hostname.lowerAscii() in ${t}.hosts))`,
    },
    {
      name: 'user',
      expression: `!has(${pod}.securityContext) || !has(${pod}.securityContext.runAsUser) || !(${pod}.securityContext.runAsUser in ${t}.users)`,
    },
    {
      name: 'ends',
      expression: `${t}.native || !has(${pod}.restartPolicy) || ${pod}.restartPolicy == 'Always'`,
    },
    {
      name: 'init-needs-agent',
      expression: `${t}.native || !${t}.coversInit || !has(${pod}.initContainers)`,
    },
    { name: 'pod-resources', expression: `!has(${pod}.resources)` },
    { name: 'ephemeral', expression: `!has(${pod}.ephemeralContainers)` },
    {
      name: 'identity-volumes',
      expression: `!has(${pod}.volumes) || ${pod}.volumes.all(v, !(v.name in ${identityVolumes}))`,
    },
    {
      name: 'identity-labels',
      expression:
        "!has(object.metadata.labels) || !('azure.workload.identity/use' in object.metadata.labels || 'eks.amazonaws.com/fargate-profile' in object.metadata.labels)",
    },
    {
      name: 'no-mirror',
      expression:
        "!has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)",
    },
  ];
}

const isPlacedByNothing = [
  ...['nodeName', 'nodeSelector'].map((field) => `!has(${pod}.${field})`),
  `(!has(${pod}.affinity) || !has(${pod}.affinity.nodeAffinity))`,
  `(!has(${pod}.tolerations) || ${pod}.tolerations.all(x, has(x.key) && x.key.startsWith('node.kubernetes.io/')))`,
  `(!has(${pod}.hostUsers) || ${pod}.hostUsers)`,
].join(' && ');

/** What is only asked of a pod that is about to be instrumented. */
export function freshConditions(t: string): readonly Condition[] {
  const nameIsFree = (name: string): string => `!${t}.names.exists(n, ${name}.startsWith(n))`;
  return [
    {
      name: 'labels',
      expression: `!has(object.metadata.labels) || object.metadata.labels.all(k, !k.startsWith('outrider.dev/') || (k == '${names.inject}' && object.metadata.labels[k] == 'enabled'))`,
    },
    {
      name: 'annotations',
      expression:
        "!has(object.metadata.annotations) || object.metadata.annotations.all(k, !k.startsWith('outrider.dev/'))",
    },
    {
      name: 'containers',
      expression: `size(${everyContainer}) <= ${t}.mostContainers`,
    },
    {
      name: 'words',
      expression: `size(${everyWord}) <= ${mostOf.words} && size(${everyWord}.join()) <= ${mostOf.letters}`,
    },
    {
      name: 'members',
      expression: `${countOf('env')} <= ${mostOf.variables} && ${countOf('volumeMounts')} <= ${mostOf.mounts}`,
    },
    {
      name: 'volume-names',
      expression: `!has(${pod}.volumes) || (size(${pod}.volumes) <= ${mostOf.volumes} && ${pod}.volumes.all(v, ${nameIsFree('v.name')}))`,
    },
    { name: 'container-names', expression: ofAll((c) => nameIsFree(`${c}.name`)) },
    {
      name: 'token',
      expression: `size(${t}.token) == 0 || size(${tokenVolumes}) == 0 || (size(${tokenVolumes}) == 1 && (!has(${pod}.automountServiceAccountToken) || ${pod}.automountServiceAccountToken) && ${isTokenVolume(`${tokenVolumes}[0]`, t)})`,
    },
    {
      // Of a pod that says nothing about its node: `isPlacedByNothing` in doctor/pod-image-volumes.ts.
      name: 'placed',
      expression: `${t}.placed || (${isPlacedByNothing})`,
    },
    { name: 'amounts', expression: `${amountsKey()} in params.spec.plans[0].amounts` },
  ];
}

/**
 * What of the namespace has to hold for a pod that is about to be instrumented. Match conditions do not see the namespace, so the
 * expression that makes the operations asks.
 */
export function namespaceIsAsKnown(): string {
  const labels = 'namespaceObject.metadata.labels';
  const has = (name: string): string => `(has(${labels}) && '${name}' in ${labels})`;
  return [
    `(!${has(names.inject)} || ${labels}['${names.inject}'] == 'enabled')`,
    // An empty one is a level that does not exist, and is left to the webhook.
    `(${has(podSecurityLabel)} ? ${labels}['${podSecurityLabel}'] != '' && ${labels}['${podSecurityLabel}'] == params.spec.podSecurity : params.spec.podSecurity == '')`,
  ].join(' && ');
}

/** The volumes that the API server's plug-in takes for that of the ServiceAccount's token. */
export const tokenVolumes = `(has(${pod}.volumes) ? ${pod}.volumes.filter(v, v.name.startsWith('${apiTokenVolumePrefix}')) : [])`;

/** Whether such a volume is made of what the plug-in makes it of. */
export function isTokenVolume(volume: string, t: string): string {
  return `(has(${volume}.projected) && ${volume}.projected == ${t}.token[0] && ${volume}.all(k, k in ['name', 'projected']))`;
}

/** The label by which a namespace asks for a level of Pod Security. */
export const podSecurityLabel = 'pod-security.kubernetes.io/enforce';

/** What of a pod that has none of ours decides about the amounts of our containers: a key of the plan's amounts. */
export function amountsKey(): string {
  const has = (c: string, kind: 'limits' | 'requests', name: string): string =>
    `(has(${c}.resources) && has(${c}.resources.${kind}) && '${name}' in ${c}.resources.${kind})`;
  const isEqual = (c: string, name: string): string =>
    `(${has(c, 'limits', name)} && quantity(string(${c}.resources.limits['${name}'])).isGreaterThan(quantity('0')) && (!${has(c, 'requests', name)} || quantity(string(${c}.resources.requests['${name}'])).compareTo(quantity(string(${c}.resources.limits['${name}']))) == 0))`;
  const limitsStorage = `!(${ofAll((c) => `!${has(c, 'limits', 'ephemeral-storage')}`)})`;
  return `((${ofAll((c) => has(c, 'limits', 'cpu'))} ? (${ofAll((c) => `${isEqual(c, 'cpu')} && ${isEqual(c, 'memory')}`)} ? 'g' : 'c') : '-') + (${limitsStorage} ? 'e' : '-'))`;
}

/** A condition on all containers of a pod that has none of ours. */
export function ofAll(condition: (container: string) => string): string {
  return `${eachContainer(`${pod}.containers`, 'c', condition('c'))} && ${eachContainer(`${pod}.initContainers`, 'c', condition('c'))}`;
}

/** What of a container of the workload has to hold, whoever made it, except for its argv, variables and mounts. */
export function containerConditions(c: string, t: string): readonly Condition[] {
  const execs = (handlers: readonly string[]): string =>
    handlers
      .map(
        (path) =>
          `(${path.includes('.') ? `!has(${c}.lifecycle) || ` : ''}!has(${c}.${path}) || !has(${c}.${path}.exec))`,
      )
      .join(' && ');
  return [
    {
      name: 'selected',
      expression: [
        // A pattern out of the parameters is compiled for each container.
        `(${t}.includedNames == '${everyName}' || (${t}.includedNames != '' && ${c}.name.matches(${t}.includedNames)) || (${t}.includedImages != '' && has(${c}.image) && ${c}.image.matches(${t}.includedImages)))`,
        `(${t}.excludedNames == '' || !${c}.name.matches(${t}.excludedNames))`,
        `(${t}.excludedImages == '' || !has(${c}.image) || !${c}.image.matches(${t}.excludedImages))`,
      ].join(' && '),
    },
    {
      name: 'other-agents',
      expression: `(${t}.tracers == '' || !has(${c}.image) || !${c}.image.matches(${t}.tracers))`,
    },
    {
      name: 'ports',
      expression: `(!has(${c}.ports) || ${c}.ports.all(q, !(q.containerPort in ${t}.ports)))`,
    },
    {
      name: 'users',
      expression: `(!has(${c}.securityContext) || (!has(${c}.securityContext.windowsOptions) && (!has(${c}.securityContext.runAsUser) || !(${c}.securityContext.runAsUser in ${t}.users))))`,
    },
    {
      name: 'execs',
      expression: `(!${t}.coversProbes || (${execs(['livenessProbe', 'readinessProbe', 'startupProbe'])})) && (!${t}.coversLifecycle || (${execs(['lifecycle.postStart', 'lifecycle.preStop'])}))`,
    },
    {
      name: 'devices',
      expression: `!has(${c}.volumeDevices) && (!has(${c}.terminationMessagePath) || ${c}.terminationMessagePath == '/dev/termination-log')`,
    },
  ];
}

/** Paths that the runtime takes as they are written: absolute, and without parts that are empty or lead up. */
const cleanPath = String.raw`^(/([^/.][^/]*|\\.[^/.][^/]*|\\.\\.[^/]+))+$`;

/** Whether a mount is nowhere near the agent's files, nor in a process's folder. */
export function isApart(m: string, t: string): string {
  return `(${m}.mountPath.matches('${cleanPath}') && !${m}.mountPath.startsWith('/proc') && (${t}.files == '' || (!(${m}.mountPath + '/').startsWith(${t}.files) && !${t}.files.startsWith(${m}.mountPath + '/'))))`;
}

/** Names that `inject/pid1.ts` takes for a program that has to be process 1, wherever such a word may stand. */
const initWord = String.raw`(^|[^A-Za-z0-9_.-])(init|linuxrc|systemd|openrc(-init)?|runit(-init)?|s6-[A-Za-z0-9_.-]*)($|[^A-Za-z0-9_.-])`;

/** Whether no word of a list is one that has to be process 1. */
export function areNoInit(list: string): string {
  return `${list}.all(w, !w.matches('${initWord}'))`;
}

/** Whether a program's word is none that the wrapper or the engine reads in another way: an option, a variable, a tracer. */
export function isPlainProgram(word: string, t: string): string {
  return `(${word} != '' && !${word}.startsWith('-') && !${word}.startsWith('$') && !(${word} in ${t}.programs))`;
}

/** The same for texts here, of an image's words. */
export const plainWords = {
  isNoInit: (word: string): boolean => !new RegExp(initWord).test(word),
  isProgram: (word: string, programs: readonly string[]): boolean =>
    word !== '' && !word.startsWith('-') && !word.startsWith('$') && !programs.includes(word),
};
