import type { ContainerFinding, Finding } from '../../model/decision.js';
import type { JsonObject } from '../../model/json.js';
import { rewriteImage } from '../rewrite-image.js';
import { planApiToken } from './api-token.js';
import { chooseCapability } from './capability.js';
import type { PodContext } from './context.js';
import { settleDifferences, type OwnMembers, type Settled } from './differences/settle.js';
import { namesOf, OursFinder, surroundingsOf, termsOf } from './find-ours.js';
import { fitParts } from './fit/fit-parts.js';
import { findForged, nothingWrong } from './forged.js';
import { neededVolumes, planHostVolumes } from './host-volumes.js';
import { absentContainers } from './named-parts.js';
import { hasKeeper, type Surroundings } from './own-containers.js';
import type { PlannedMember, WorkloadPlan } from './plan.js';
import type { Planned, PlanInput } from './planned.js';
import { pid1Remarks } from './process-one.js';
import { pullSecretsFor } from './pull-secrets.js';
import type { ContainerView } from './view.js';
import { planContainer, type Shared } from './workload.js';

/** Plans what a pod gets. Pure: the same input gives the same plan, in the same order. */
export function makePlan(input: PlanInput): Planned {
  const { context } = input;
  const { recipe, view, wishes, parts, delivery } = context;
  const remarks: Finding[] = [];
  const finder = new OursFinder(context, remarks);
  const capability = chooseCapability(
    recipe.capabilities,
    wishes.capability,
    view,
    input.namespaceLabels,
    context.around.facts,
  );
  const ownVolumes = finder.volumes();
  const volumeNames = namesOf(ownVolumes, parts.volumeNames(delivery));
  const volumeTerms = termsOf(context, 'volume');
  const hostVolumes = planHostVolumes(recipe, view, finder.keep, volumeTerms);
  const token = planApiToken(context, finder.keep, volumeTerms);
  const planned = planWorkload(input, {
    files: parts.filesMounts(volumeNames, delivery),
    addCapability: capability.add,
    hostVolumes,
    ownInitIndex: lastOwnInit(context),
  });
  const { workload, containers, tampered } = planned;
  finder.differs(planned.differs);
  const around = surroundingsOf(context.around, firstWrapped(workload), token.mounts);
  const found = finder.containers(volumeNames, around, workload);
  const agentIndex = firstInitIndex(workload) ?? view.initContainers.length;
  const fit = fitParts(context, input.limits, found.initContainers, found.containers, agentIndex);
  const fitted = fit !== undefined && 'digest' in fit ? fit : undefined;
  const own = settleDifferences(
    {
      volumes: volumesOf(ownVolumes, hostVolumes.members, token.volumes, workload),
      initContainers: fitted?.initContainers ?? found.initContainers,
      containers: fitted?.containers ?? found.containers,
    },
    input.differing,
  );
  finder.differs(own.differing);
  const { differing } = finder;
  const { forged, obstacle } =
    input.selected.length === 0 ? nothingWrong : findForged(input, found.initContainers, remarks);
  if (workload.length === 0 || differing !== undefined) {
    const ruledOut = differing === undefined ? obstacle : undefined;
    return { plan: undefined, containers, differing, kept: undefined, tampered, forged, obstacle: ruledOut, remarks };
  }
  remark(context, own, capability.remark, planned.remarks, remarks);
  const pullSecrets = planPullSecrets(input, remarks);
  const growth = parts.growthBy(agentIn(own.members));
  remarkAgent(context, around, growth.text, remarks);
  const plan = {
    recipe,
    shareProcessNamespace: recipe.shareProcessNamespace && view.spec['shareProcessNamespace'] !== true,
    volumes: own.members.volumes,
    initContainers: own.members.initContainers,
    containers: own.members.containers,
    agentIndex,
    workload,
    pullSecrets,
    evictableVolumes: delivery === 'Copy' ? volumeNames : noNames,
    growth,
    fitted: fitted?.digest,
    remarks,
  };
  const inTheWay = obstacle ?? (fit !== undefined && 'misfit' in fit ? fit.misfit : undefined);
  // Written out: V8 takes several microseconds to spread an object into a larger one.
  return { plan, containers, differing, kept: own.kept, tampered, forged, obstacle: inTheWay, remarks };
}

const noNames: readonly string[] = [];

/** What the selected containers get. Reports the first that is tampered with or differs. */
interface PlannedWorkload {
  readonly workload: readonly WorkloadPlan[];
  readonly containers: readonly ContainerFinding[];
  readonly tampered: Finding | undefined;
  readonly differs: Finding | undefined;
  readonly remarks: readonly Finding[];
}

function planWorkload({ context, selected, imageOf }: PlanInput, shared: Shared): PlannedWorkload {
  const workload: WorkloadPlan[] = [];
  const containers: ContainerFinding[] = [];
  const remarks: Finding[] = [];
  let tampered: Finding | undefined;
  let differs: Finding | undefined;
  for (const container of selected) {
    const result = planContainer(container, imageOf(container), context, shared, remarks);
    containers.push(result.finding);
    if (result.plan !== undefined) workload.push(result.plan);
    tampered ??= result.tampered;
    differs ??= result.differs;
  }
  return { workload, containers, tampered, differs, remarks };
}

/** Reports what happened to our parts, the capability and the workload, in this order. */
function remark(
  context: PodContext,
  own: Settled,
  ofCapability: Finding | undefined,
  ofWorkload: readonly Finding[],
  remarks: Finding[],
): void {
  const { recipe, workload } = context;
  if (own.remark !== undefined) remarks.push(own.remark);
  if (ofCapability !== undefined) remarks.push(ofCapability);
  pid1Remarks(context, remarks);
  for (const one of ofWorkload) remarks.push(one);
  if (recipe.containers.length > 0) remarks.push(...absentContainers(recipe, workload));
}

/** Reports what people should know about the agent. */
function remarkAgent({ recipe }: PodContext, around: Surroundings, growth: string, remarks: Finding[]): void {
  if (recipe.sidecar !== undefined && recipe.prefer === 'Availability' && !hasKeeper(recipe, recipe.sidecar, around)) {
    const image = rewriteImage(recipe.sidecar.image, around.facts.imageRewrites);
    remarks.push({
      reason: 'keeper_left_out',
      detail: `the agent gets no keeper: what ${image} starts was not looked up, or could not be`,
    });
  }
  if (growth !== '') remarks.push({ reason: 'sidecar_resources', detail: `the pod grows by ${growth}` });
}

/** The agent's container, if it must be added. */
function agentIn({ initContainers, containers }: OwnMembers): JsonObject | undefined {
  const isNew = ({ part, present }: PlannedMember): boolean => part === 'agent' && present === undefined;
  return (initContainers.find(isNew) ?? containers.find(isNew))?.value;
}

/** The first wrapped container of the workload that is not an init container, otherwise the first init container. */
function firstWrapped(workload: readonly WorkloadPlan[]): ContainerView | undefined {
  for (const { container } of workload) if (container.list === 'containers') return container;
  return workload[0]?.container;
}

function firstInitIndex(workload: readonly WorkloadPlan[]): number | undefined {
  for (const { container } of workload) if (container.list === 'initContainers') return container.index;
  return undefined;
}

function volumesOf(
  ownVolumes: readonly PlannedMember[],
  hostVolumes: readonly PlannedMember[],
  ofToken: readonly PlannedMember[],
  workload: readonly WorkloadPlan[],
): readonly PlannedMember[] {
  const host = hostVolumes.length === 0 ? hostVolumes : neededVolumes(hostVolumes, workload);
  return host.length + ofToken.length === 0 ? ownVolumes : [...ownVolumes, ...host, ...ofToken];
}

/** Place of the last of our own init containers; -1 when the pod has none. */
function lastOwnInit({ view, workload }: PodContext): number {
  let last = -1;
  let at = 0;
  // The workload is in the pod's order, without ours.
  for (const container of view.initContainers) {
    if (container === workload[at]) at++;
    else last = container.index;
  }
  return last;
}

function planPullSecrets(input: PlanInput, remarks: Finding[]): readonly string[] {
  const { recipe, view } = input.context;
  const { missing, added } = pullSecretsFor(view.spec, recipe.imagePullSecrets, input.pullSecretsAdmitted);
  if (added.length < missing.length) {
    remarks.push({ reason: 'pull_secrets_not_added', detail: `${missing.join(', ')} not added` });
  }
  return added;
}
