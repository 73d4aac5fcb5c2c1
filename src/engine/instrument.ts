import { objectOf, stringOf } from '../model/json.js';
import type { JsonObject } from '../model/json.js';
import type { Door, Finding, Step } from '../model/decision.js';
import type { ImageOutcome } from '../model/image.js';
import { names } from '../model/names.js';
import { isStrict } from '../model/policy.js';
import type { StringMap } from '../model/selector.js';
import { needsImage } from '../inject/pod/argv.js';
import { concernedContainers } from '../inject/pod/named-parts.js';
import { findObstacle, findTakenPort } from '../inject/pod/obstacles.js';
import { findOtherTracer } from '../inject/pod/other-tracers.js';
import { findPid1, makesShared } from '../inject/pod/process-one.js';
import { startOfContainer } from '../inject/pod/start.js';
import { openPodContext, type PodContext } from '../inject/pod/context.js';
import { hasTooMany, isFinding, readPod, type ContainerView, type PodView } from '../inject/pod/view.js';
import { selectContainers, type Selection } from '../policy/containers.js';
import type { CompiledPolicy } from '../policy/compile.js';
import { decide, noFindings, type Findings } from '../policy/decide.js';
import { screen, type Screening } from '../policy/screen.js';
import { lookUpAll, type AskedImages, type KnownImages } from './asked-images.js';
import { agentImagesOf, agentImageTrouble, lookUpAgents, secretTrouble } from './agent.js';
import { canaryWorkload } from './canary.js';
import type { Engine, PodRequest } from './engine.js';
import { exemptOf } from './exempt.js';
import { noteOf, obstructedBy, ruleFor } from './findings.js';
import { finished } from './finish.js';
import { knownImages } from './images.js';
import { prepareLimits, unknownLimits } from './limits.js';
import type { Outcome } from './outcome.js';
import type { Rule } from './rules.js';
import { takenBackFrom } from './take-back/left-alone.js';

const noImages: KnownImages = new Map();
const nobody: readonly ContainerView[] = [];
const nothingAsked: AskedImages = { known: new Map(), unknown: [] };

/**
 * Decides on one pod and, at the mutating door, builds its patch. Answers at once when nothing has to be looked up, and
 * with a promise otherwise, which never rejects for what a registry does.
 */
export function instrument(request: PodRequest, engine: Engine): Outcome | Promise<Outcome> {
  const view = readPod(request.pod, engine.facts.maxContainers);
  const screened = screen(
    engine.rules.policies,
    screenedPodOf(request, view),
    engine.excludedNamespaces,
    request.trace,
  );
  const exempt = isFinding(view) ? undefined : exemptOf(view, screened, engine, request.trace);
  if (exempt !== undefined) return stopped(exempt.screening, exempt.findings, request.door, exempt.rule);
  if (screened.stop !== undefined) return stopped(screened, noFindings, request.door, undefined);
  const workload = () => canaryWorkload(objectOf(request.pod['metadata']) ?? {}, request.workload);
  const way = ruleFor(screened, engine, request.namespace, workload, request.trace);
  if ('leftAlone' in way) return stopped(way.leftAlone, noFindings, request.door, undefined);
  const { rule, screening } = way;
  const obstructed = (obstacle: Finding) => stopped(screening, obstructedBy(obstacle), request.door, rule);
  if (isFinding(view)) return obstructed(view);
  const back = takenBackFrom(request, screening.policy, rule, workload, engine);
  if (back !== undefined) return obstructed(back);
  const wanted = view.annotations[names.agentResources];
  const agentChoice = wanted === undefined ? undefined : rule.agentChoices.of(wanted);
  const { recipe, parts } = agentChoice ?? rule;
  const context = openPodContext(view, recipe, rule.wishes, engine.facts, parts, engine.nodes);
  if ('reason' in context) return obstructed(context);
  const many = hasTooMany(view, context.workload, engine.facts.maxContainers);
  if (many !== undefined) return obstructed(many);
  const selection = concerning(
    rule,
    selectContainers(
      screening.policy,
      context.workload,
      view.annotations[names.containers],
      request.trace,
      startOfContainer,
    ),
  );
  // With no container selected there is nothing that an obstacle would keep from being instrumented.
  const { selected } = selection;
  if (selected.length > 0) {
    const obstacle = findObstacle(view, rule.recipe, engine.facts, context.native, rule.wishes.enforced);
    if (obstacle !== undefined) return obstructed(obstacle);
  }
  const knownOf = (containers: readonly ContainerView[]): AskedImages =>
    containers.length === 0
      ? nothingAsked
      : knownImages(containers, view, request.pod, request.namespace, engine.images);
  const images = knownOf(rule.recipe.wrapper === undefined ? nobody : selected.filter(needsImage));
  const aside = knownOf(alsoSharing(context, selected));
  const initIn = (): Finding | undefined =>
    selected.length === 0
      ? undefined
      : findPid1(context, ({ name }) => images.known.get(name) ?? aside.known.get(name));
  const otherIn = (): Finding | undefined =>
    selected.length === 0
      ? undefined
      : findOtherTracer(context, engine.rules.tracers, ({ name }) => images.known.get(name));
  const instrumentedBy = (differing: Finding) => stopped(screening, { ...noFindings, differing }, request.door, rule);
  const other = otherIn();
  if (other !== undefined) return instrumentedBy(other);
  const init = (selected.length > 0 ? findTakenPort(context.workload, rule.recipe) : undefined) ?? initIn();
  if (init !== undefined) return obstructed(init);
  const { lookUp } = request;
  const asks = lookUp !== undefined && request.door === 'mutate';
  const looksAtKey = asks || mayHideBehindKey(rule, screening.policy);
  const ahead =
    lookUp !== undefined && looksAtKey && selected.length > 0
      ? prepareSecret(request, screening.policy, rule, engine, lookUp)
      : undefined;
  const known = ahead === undefined ? secretTrouble(rule, request.namespace, engine) : undefined;
  if (known?.obstacle !== undefined) return obstructed(known.obstacle);

  const limits = selected.length > 0 ? prepareLimits(request, context, engine) : undefined;
  const agent = agentImagesOf(rule.recipe, request, engine);
  const judged = (outcomes: readonly ImageOutcome[]): Outcome => {
    const found = images.unknown.length > 0 ? otherIn() : undefined;
    if (found !== undefined) return instrumentedBy(found);
    const secret = known ?? secretTrouble(rule, request.namespace, engine);
    const image = agentImageTrouble(outcomes);
    const obstacle = (images.unknown.length > 0 ? initIn() : undefined) ?? secret.obstacle ?? image.obstacle;
    if (obstacle !== undefined) return obstructed(obstacle);
    const amounts = selected.length > 0 ? unknownLimits(request, context, engine) : undefined;
    const steps = withNote(withNote(withNote(selection.steps, secret.remark), image.remark), amounts);
    return finished(request, screening, rule, context, engine, {
      selected,
      narrowed: selection.narrowed,
      steps: agentChoice === undefined || selected.length === 0 ? steps : [...steps, agentChoice.step],
      images: images.known,
      aside: aside.known,
      credentials: credentialsVersion(rule, request.namespace, engine),
    });
  };
  const unknown = asks && (images.unknown.length > 0 || agent.unknown.length > 0);
  if (!unknown) {
    if (ahead === undefined && limits === undefined) return judged(agent.known);
    return Promise.all([ahead, limits]).then(() => judged(agent.known));
  }

  const signal = lookUp();
  const containers = lookUpAll(images, engine.images, signal);
  const lookedUp = lookUpAgents(agent.unknown, engine.images, signal);
  return Promise.all([ahead, limits, ...containers])
    .then(() => lookedUp)
    .then((outcomes) => judged([...agent.known, ...outcomes]));
}

/**
 * The containers that are not selected, would share a process namespace with those that are, and give no command: what
 * they start is only asked of what is known already.
 */
function alsoSharing(context: PodContext, selected: readonly ContainerView[]): readonly ContainerView[] {
  if (selected.length === 0 || selected.length === context.workload.length || !makesShared(context)) return nobody;
  const chosen = new Set(selected);
  return context.workload.filter((container) => needsImage(container) && !chosen.has(container));
}

/**
 * Whether a Secret in the copy's place would be a way out of the policy. The validating door then looks for itself: the
 * replica that answered at the mutating door may be the only one that knows of it.
 */
function mayHideBehindKey({ mirror, pullMirrors }: Rule, { spec }: CompiledPolicy): boolean {
  return (mirror !== undefined || pullMirrors.length > 0) && isStrict(spec);
}

/**
 * Looks up the Secrets that the pod will refer to, and creates the copies if the policy mirrors them. Creates nothing
 * in Report mode or at the validating door.
 */
function prepareSecret(
  { namespace, door, dryRun = false }: PodRequest,
  { spec }: CompiledPolicy,
  rule: Rule,
  { credentials }: Engine,
  signal: () => AbortSignal,
): Promise<void> | undefined {
  if (rule.recipe.credentials === undefined && rule.pullMirrors.length === 0) return undefined;
  return credentials?.prepare(namespace, rule, door === 'mutate' && !dryRun && spec.mode === 'Inject', signal);
}

function credentialsVersion({ recipe }: Rule, namespace: string, { credentials }: Engine): string | undefined {
  if (credentials === undefined || recipe.credentials === undefined) return undefined;
  return credentials.version(namespace, recipe.credentials.name, recipe.credentials.key);
}

function withNote(steps: readonly Step[], remark: Finding | undefined): readonly Step[] {
  return remark === undefined ? steps : [...steps, noteOf(remark)];
}

/** The selection without the containers that the profile has nothing for. */
function concerning({ recipe }: Rule, selection: Selection<ContainerView>): Selection<ContainerView> {
  const selected = concernedContainers(recipe, selection.selected);
  if (selected.length === selection.selected.length) return selection;
  const concerned = new Set(selected);
  const others = new Set(selection.selected.filter((container) => !concerned.has(container)).map(({ name }) => name));
  const detail = `profile ${recipe.profile} has nothing for it`;
  const steps = selection.steps.map((step): Step =>
    others.has(step.subject) ? { ...step, result: 'note', detail } : step,
  );
  return { ...selection, selected, steps };
}

function screenedPodOf(request: PodRequest, view: PodView | Finding) {
  const labels = isFinding(view) ? readableLabels(request.pod) : view.labels;
  return { namespace: request.namespace, namespaceLabels: request.namespaceLabels, podLabels: labels };
}

/** The labels that are strings, of a pod that may be malformed elsewhere. */
function readableLabels(pod: JsonObject): StringMap {
  const labels: Record<string, string> = {};
  const found = objectOf(objectOf(pod['metadata'])?.['labels']);
  for (const name in found) {
    const value = stringOf(found[name]);
    if (value !== undefined) labels[name] = value;
  }
  return labels;
}

function stopped(screening: Screening, findings: Findings, door: Door, rule: Rule | undefined): Outcome {
  return { decision: decide(screening, findings, door), patch: [], rule, plan: undefined, images: noImages };
}
