import { apiTokenPath } from '../../model/api-token.js';
import {
  containerConditions,
  isApart,
  isPlainProgram,
  areNoInit,
  podConditions,
  isTokenVolume,
  tokenVolumes,
} from './conditions.js';
import { missingCapabilities } from './mutation.js';

// The validating policy: what a pod that says it was instrumented by the API server has to be like. All of it is compared with
// the parameters; what the pod says of itself counts for nothing.

/**
 * Whether one of our containers is as planned, with amounts that are planned for some pod; an image may be pulled more often
 * than by default.
 *
 * @param place of its resources among the amounts
 * @param apart fields that are looked at elsewhere
 */
function isPart(actual: string, planned: string, p: string, place: string, apart = `k == 'resources'`): string {
  return [
    `(${planned}.all(k, ${apart} || (k in ${actual} && (${actual}[k] == ${planned}[k] || (k == 'imagePullPolicy' && ${actual}[k] == 'Always'))))`,
    `${actual}.all(k, ${apart} || k in ${planned})`,
    `has(${actual}.resources) && ${p}.amounts.exists(k, ${p}.amounts[k].resources[${place}] == ${actual}.resources))`,
  ].join(' && ');
}

/** The same of the agent, which may have the ServiceAccount's token, too, where the plan gives it that. */
function isAgent(actual: string, planned: string, p: string, place: string): string {
  const t = `${p}.terms`;
  const mountsOf = (of: string): string => `(has(${of}.volumeMounts) ? ${of}.volumeMounts : [])`;
  const isToken = `m.mountPath == '${apiTokenPath}' && has(m.readOnly) && m.readOnly && m.all(k, k in ['name', 'mountPath', 'readOnly']) && ${tokenVolumes}.exists(v, v.name == m.name && ${isTokenVolume('v', t)})`;
  const apart = `k == 'resources' || (k == 'volumeMounts' && size(${t}.token) > 0)`;
  return [
    `(${isPart(actual, planned, p, place, apart)}`,
    `(size(${t}.token) == 0 || (${mountsOf(actual)}.filter(m, !(${isToken})) == ${mountsOf(planned)} && size(${mountsOf(actual)}) <= size(${mountsOf(planned)}) + 1)))`,
  ].join(' && ');
}

/** Whether a volume is as planned; an image in it may be pulled more often than by default, as that of a container. */
function isVolume(actual: string, planned: string): string {
  const image = `has(${planned}.image) && has(${actual}.image) && ${actual}.image.reference == ${planned}.image.reference && ${actual}.image.pullPolicy == 'Always' && ${actual}.image.all(k, k in ['reference', 'pullPolicy'])`;
  return `(${actual} == ${planned} || (${actual}.name == ${planned}.name && ${image} && ${actual}.all(k, k in ['name', 'image'])))`;
}

/** Whether our own parts are all there as planned, each in its place. */
function partsStand(p: string): string {
  const init = 'object.spec.initContainers';
  const steps = `size(${p}.steps)`;
  const agent = (actual: string): string => isAgent(actual, `${p}.agentInit[0]`, p, steps);
  const ofInit = [
    `${steps} + size(${p}.agentInit) <= size(${init})`,
    `lists.range(${steps}).all(i, ${isPart(`${init}[i]`, `${p}.steps[i]`, p, 'i')})`,
    `(size(${p}.agentInit) == 0 || (${p}.terms.coversInit ? ${agent(`${init}[${steps}]`)} : ${init}.exists(x, ${agent('x')})))`,
  ].join(' && ');
  return [
    `(${steps} + size(${p}.agentInit) == 0 || (has(${init}) && ${ofInit}))`,
    `(size(${p}.agentContainers) == 0 || object.spec.containers.exists(x, ${isAgent('x', `${p}.agentContainers[0]`, p, `${steps} + size(${p}.agentInit)`)}))`,
    `(size(${p}.volumes) == 0 || (has(object.spec.volumes) && ${p}.volumes.all(v, object.spec.volumes.exists(w, ${isVolume('w', 'v')}))))`,
    `(!${p}.shareProcessNamespace || (has(object.spec.shareProcessNamespace) && object.spec.shareProcessNamespace))`,
  ].join(' && ');
}

/** Whether a container of the workload starts as planned, out of one that could be claimed. */
function isStarted(c: string, p: string): string {
  const t = `${p}.terms`;
  const length = `size(${p}.wrapper)`;
  const command = `${c}.command`;
  return [
    `has(${command}) && size(${command}) >= ${length} && ${command}.slice(0, ${length}) == ${p}.wrapper`,
    `(size(${command}) > ${length} ? ${isPlainProgram(`${command}[${length}]`, t)} && ${areNoInit(`${command}.slice(${length}, size(${command}))`)} : has(${c}.args) && size(${c}.args) > 0 && ${isPlainProgram(`${c}.args[0]`, t)})`,
    `(!has(${c}.args) || ${areNoInit(`${c}.args`)})`,
  ].join(' && ');
}

function hasVariables(c: string, p: string): string {
  return [
    `(size(${p}.env) == 0 || (has(${c}.env) && ${p}.env.all(e, ${c}.env.exists(x, x == e))))`,
    `(!has(${c}.env) || ${c}.env.all(e, !(e.name in ${p}.terms.reserved) || e in ${p}.env))`,
  ].join(' && ');
}

function hasMounts(c: string, p: string): string {
  return [
    `(size(${p}.mounts) == 0 || (has(${c}.volumeMounts) && ${p}.mounts.all(m, m in ${c}.volumeMounts)))`,
    `(!has(${c}.volumeMounts) || ${c}.volumeMounts.all(m, m in ${p}.mounts || (${isApart('m', `${p}.terms`)} && !${p}.volumes.exists(v, v.name == m.name))))`,
  ].join(' && ');
}

function hasTheRest(c: string, p: string): string {
  return [
    `size(${missingCapabilities(c, `${p}.capabilities`)}) == 0`,
    ...containerConditions(c, `${p}.terms`).map(({ expression }) => `(${expression})`),
  ].join(' && ');
}

/** Whether each container of the workload that is traced meets a condition. */
function ofWorkload(p: string, condition: (container: string, plan: string) => string): string {
  const isOwnInit = `(${p}.steps.exists(s, s.name == c.name) || ${p}.agentInit.exists(s, s.name == c.name))`;
  const ofInit = `(!${p}.terms.coversInit || !has(object.spec.initContainers) || object.spec.initContainers.all(c, ${isOwnInit} || (${condition('c', p)})))`;
  return `object.spec.containers.all(c, ${p}.agentContainers.exists(s, s.name == c.name) || (${condition('c', p)})) && ${ofInit}`;
}

/** Init containers that are not traced may not write to the agent's files, nor mount them at all. */
function bystandersStand(p: string): string {
  const isOwn = `(${p}.steps.exists(s, s.name == c.name) || ${p}.agentInit.exists(s, s.name == c.name))`;
  return `(${p}.terms.coversInit || !has(object.spec.initContainers) || object.spec.initContainers.all(c, ${isOwn} || !has(c.volumeMounts) || c.volumeMounts.all(m, !${p}.volumes.exists(v, v.name == m.name))))`;
}

/**
 * What is worked out on the way to the verdict: the plans that the pod meets, further and further. Each is an expression of
 * its own, for which the API server allows so much.
 */
export function validationVariables(): readonly { readonly name: string; readonly expression: string }[] {
  const ofPod = podConditions('p.terms').map(({ expression }) => `(${expression})`);
  return [
    { name: 'withParts', expression: `params.spec.plans.filter(p, ${partsStand('p')})` },
    { name: 'withPod', expression: `variables.withParts.filter(p, ${ofPod.join(' && ')} && ${bystandersStand('p')})` },
    { name: 'started', expression: `variables.withPod.filter(p, ${ofWorkload('p', isStarted)})` },
    { name: 'withVariables', expression: `variables.started.filter(p, ${ofWorkload('p', hasVariables)})` },
    { name: 'withMounts', expression: `variables.withVariables.filter(p, ${ofWorkload('p', hasMounts)})` },
    { name: 'met', expression: `variables.withMounts.filter(p, ${ofWorkload('p', hasTheRest)})` },
  ];
}

/** The one validation; which step failed is said, and nothing of the pod's. */
export function validations(): readonly { readonly expression: string; readonly messageExpression: string }[] {
  return [
    {
      expression: 'size(variables.met) > 0',
      messageExpression: `'outrider: the pod says that the API server instrumented it, and ' + (size(variables.withParts) == 0 ? 'the agent’s parts are other than planned' : (size(variables.withPod) == 0 ? 'it is of a kind that is not instrumented so' : 'a container is not started as planned'))`,
    },
  ];
}
