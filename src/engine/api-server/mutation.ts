import { apiTokenPath } from '../../model/api-token.js';
import { byApiServer, names } from '../../model/names.js';
import {
  amountsKey,
  areNoInit,
  containerConditions,
  freshConditions,
  isApart,
  isPlainProgram,
  namespaceIsAsKnown,
  ofAll,
  podConditions,
  tokenVolumes,
  type Condition,
} from './conditions.js';

// The mutating policy: which pods it claims, and its one expression. Two mutations of a policy are not atomic, since an error
// in the second leaves the first in the pod.

const terms = 'params.spec.plans[0].terms';
const images = 'params.spec.images';
const evictKey = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';

function given(c: string, field: 'command' | 'args'): string {
  return `(has(${c}.${field}) && size(${c}.${field}) > 0)`;
}

/** Whether it is known what a container starts, and that it is nothing which the engine reads in another way. */
function argvIsPlain(c: string): string {
  const image = `${images}[${c}.image]`;
  const ofCommand = `${isPlainProgram(`${c}.command[0]`, terms)} && ${areNoInit(`${c}.command`)}`;
  const ofImage = [
    `has(${c}.image) && ${c}.image in ${images}`,
    `(size(${image}.entrypoint) > 0 || (${given(c, 'args')} ? ${isPlainProgram(`${c}.args[0]`, terms)} : size(${image}.cmd) > 0))`,
  ].join(' && ');
  return `(${given(c, 'command')} ? ${ofCommand} : ${ofImage}) && (!has(${c}.args) || ${areNoInit(`${c}.args`)})`;
}

/**
 * What a pod has to be like for the API server to instrument it. One condition, since an API server takes as long to begin with
 * one as for the whole of a small one, and goes through all of them where the first does not hold; behind this one's first part,
 * labels, it is through with a pod that it sees again. The parts that bound a pod's size come before those that look at each
 * member: a pod that costs more than one expression may (a million, Kubernetes' PerCallLimit) is left to the webhook.
 */
export function claimConditions(): readonly Condition[] {
  return [
    {
      name: 'claimed',
      expression: allOf([
        ...freshConditions(terms),
        ...podConditions(terms),
        ofAll((c) => allOf(containerConditions(c, terms))),
        ofAll((c) => `(${argvIsPlain(c)})`),
        ofAll((c) => `(!has(${c}.env) || ${c}.env.all(e, !(e.name in ${terms}.reserved)))`),
        ofAll((c) => `(!has(${c}.volumeMounts) || ${c}.volumeMounts.all(m, ${isApart('m', terms)}))`),
      ]),
    },
  ];
}

function allOf(conditions: readonly (Condition | string)[]): string {
  return conditions.map((one) => `(${typeof one === 'string' ? one : one.expression})`).join(' && ');
}

/** What the expression is made with. */
export function mutationVariables(): readonly { readonly name: string; readonly expression: string }[] {
  return [
    { name: 'plan', expression: 'params.spec.plans[0]' },
    { name: 'amounts', expression: `params.spec.plans[0].amounts[${amountsKey()}]` },
  ];
}

function add(path: string, value: string): string {
  return `JSONPatch{op: "add", path: ${path}, value: ${value}}`;
}

/** An empty list or map first, where there is none: a list of made objects as a value makes the API server's handler panic. */
function made(parent: string, path: string, empty: '[]' | '{}'): string {
  return `(has(${parent}) ? [] : [${add(path, empty)}])`;
}

/** The plan's parts at the end of a list, each on its own. */
function appended(parent: string, path: string, parts: string): string {
  return `(size(${parts}) == 0 ? [] : ${made(parent, path, '[]')} + ${parts}.map(x, ${add(endOf(path), 'x')}))`;
}

function endOf(path: string): string {
  return path.endsWith('"') ? `${path.slice(0, -1)}/-"` : `${path} + "/-"`;
}

const plan = 'variables.plan';

/** What of the recipe's capabilities a container lacks and can be given. */
export function missingCapabilities(c: string, capabilities: string): string {
  const context = `has(${c}.securityContext)`;
  const holds = (list: 'add' | 'drop', more: string): string =>
    `(${context} && has(${c}.securityContext.capabilities) && has(${c}.securityContext.capabilities.${list}) && (k in ${c}.securityContext.capabilities.${list} || ('CAP_' + k) in ${c}.securityContext.capabilities.${list}${more}))`;
  return `(${context} && has(${c}.securityContext.privileged) && ${c}.securityContext.privileged ? [] : ${capabilities}.filter(k, !${holds('add', ` || 'ALL' in ${c}.securityContext.capabilities.add`)} && !${holds('drop', '')}))`;
}

/** The operations on one container of a list. */
function containerOperations(list: 'containers' | 'initContainers'): string {
  const c = `object.spec.${list}[i]`;
  const at = (field: string): string => `"/spec/${list}/" + string(i) + "/${field}"`;
  const image = `${images}[${c}.image]`;
  const missing = missingCapabilities(c, `${plan}.capabilities`);
  const argv = `(${given(c, 'command')} ? [${add(at('command'), `${plan}.wrapper + ${c}.command`)}] : [${add(at('command'), `${plan}.wrapper + ${image}.entrypoint`)}] + (${given(c, 'args')} || size(${image}.cmd) == 0 ? [] : [${add(at('args'), `${image}.cmd`)}]))`;
  const hasContext = `has(${c}.securityContext)`;
  const hasCapabilities = `${hasContext} && has(${c}.securityContext.capabilities)`;
  const capabilities = [
    made(`${c}.securityContext`, at('securityContext'), '{}'),
    `(${hasCapabilities} ? [] : [${add(at('securityContext/capabilities'), '{}')}])`,
    `(${hasCapabilities} && has(${c}.securityContext.capabilities.add) ? [] : [${add(at('securityContext/capabilities/add'), '[]')}])`,
    `${missing}.map(k, ${add(at('securityContext/capabilities/add/-'), 'k')})`,
  ].join(' + ');
  return [
    argv,
    appended(`${c}.env`, at('env'), `${plan}.env`),
    appended(`${c}.volumeMounts`, at('volumeMounts'), `${plan}.mounts`),
    `(size(${missing}) == 0 ? [] : ${capabilities})`,
  ].join(' + ');
}

function eachIn(list: 'containers' | 'initContainers'): string {
  return `lists.range(size(object.spec.${list})).map(i, ${containerOperations(list)}).flatten()`;
}

function texts(of: 'labels' | 'annotations'): string {
  const path = `"/metadata/${of}"`;
  return `${made(`object.metadata.${of}`, path, '{}')} + ${plan}.${of}.map(k, ${add(`"/metadata/${of}/" + jsonpatch.escapeKey(k)`, `${plan}.${of}[k]`)})`;
}

function evictable(): string {
  const present = `object.metadata.annotations["${evictKey}"]`;
  const listed = `${present}.split(",")`;
  const merged = `(has(object.metadata.annotations) && "${evictKey}" in object.metadata.annotations ? (${listed}.filter(n, n != "") + ${plan}.evictable.split(",").filter(n, !(n in ${listed}))).join(",") : string(${plan}.evictable))`;
  return `(${plan}.evictable == "" ? [] : [${add(`"/metadata/annotations/" + jsonpatch.escapeKey("${evictKey}")`, merged)}])`;
}

const amounts = 'variables.amounts';

/** Adds parts of ours at places of a list, each with its resources. @param from place of the first part's among the amounts */
function addParts(list: string, parts: string, from: string, place: string): string {
  const at = `${JSON.stringify(`/spec/${list}/`)} + string(${place} + i)`;
  return `lists.range(size(${parts})).map(i, [${add(at, `${parts}[i]`)}, ${add(`${at} + "/resources"`, `${amounts}.resources[${from} + i]`)}]).flatten()`;
}

/** The mount of the ServiceAccount's token in an agent that asks the API server. @param at the agent's place, as an expression */
function tokenMount(list: 'containers' | 'initContainers', parts: string, at: string): string {
  const path = `${JSON.stringify(`/spec/${list}/`)} + string(${at}) + "/volumeMounts`;
  const mount = `Object.spec.${list}.volumeMounts{name: ${tokenVolumes}[0].name, mountPath: "${apiTokenPath}", readOnly: true}`;
  return `(size(${plan}.terms.token) == 0 || size(${parts}) == 0 || size(${tokenVolumes}) == 0 ? [] : ${made(`${parts}[0].volumeMounts`, `${path}"`, '[]')} + [${add(`${path}/-"`, mount)}])`;
}

/** Init containers of ours: the steps in front, and the agent behind them or, where no init container is traced, at the end. */
function initContainers(): string {
  const steps = `size(${plan}.steps)`;
  const present = '(has(object.spec.initContainers) ? size(object.spec.initContainers) : 0)';
  const place = `${steps} + (${plan}.terms.coversInit ? 0 : ${present})`;
  return [
    `(${steps} + size(${plan}.agentInit) == 0 ? [] : ${made('object.spec.initContainers', '"/spec/initContainers"', '[]')})`,
    addParts('initContainers', `${plan}.steps`, '0', '0'),
    addParts('initContainers', `${plan}.agentInit`, steps, place),
    tokenMount('initContainers', `${plan}.agentInit`, place),
  ].join(' + ');
}

function pullSecrets(): string {
  const missing = `${plan}.pullSecrets.filter(n, !has(object.spec.imagePullSecrets) || !object.spec.imagePullSecrets.exists(s, s.name == n))`;
  return `(size(${missing}) == 0 ? [] : ${made('object.spec.imagePullSecrets', '"/spec/imagePullSecrets"', '[]')} + ${missing}.map(n, ${add('"/spec/imagePullSecrets/-"', '{"name": n}')}))`;
}

/** The one expression: the operations that instrument a pod. */
export function mutationExpression(): string {
  return `!(${namespaceIsAsKnown()}) ? [] : (${operations()})`;
}

function operations(): string {
  return [
    texts('labels'),
    `[${add(`"/metadata/labels/" + jsonpatch.escapeKey("${names.by}")`, `"${byApiServer}"`)}]`,
    texts('annotations'),
    `[${add(`"/metadata/annotations/" + jsonpatch.escapeKey("${names.plan}")`, `${amounts}.stamp`)}]`,
    evictable(),
    eachIn('containers'),
    `(${plan}.terms.coversInit && has(object.spec.initContainers) ? ${eachIn('initContainers')} : [])`,
    initContainers(),
    addParts(
      'containers',
      `${plan}.agentContainers`,
      `size(${plan}.steps) + size(${plan}.agentInit)`,
      'size(object.spec.containers)',
    ),
    tokenMount('containers', `${plan}.agentContainers`, 'size(object.spec.containers)'),
    appended('object.spec.volumes', '"/spec/volumes"', `${plan}.volumes`),
    `(${plan}.shareProcessNamespace ? [${add('"/spec/shareProcessNamespace"', 'true')}] : [])`,
    pullSecrets(),
  ].join('\n+ ');
}
