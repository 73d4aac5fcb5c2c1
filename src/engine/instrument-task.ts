import type { Decision, Finding, Step } from '../model/decision.js';
import type { ImageConfig } from '../model/image.js';
import { names } from '../model/names.js';
import { OutriderError } from '../model/error.js';
import { objectOf } from '../model/json.js';
import { isStrict } from '../model/policy.js';
import type { Operation } from '../model/patch.js';
import type { TaskRecipe } from '../model/task-recipe.js';
import type { TaskTemplate, UnknownTag } from '../model/task.js';
import { findTaskObstacle, findTaskPid1, makeTaskPlan } from '../inject/task/make-plan.js';
import { rewriteImage } from '../inject/rewrite-image.js';
import { findOtherTaskTracer } from '../inject/task/other-tracers.js';
import { needsTaskImage } from '../inject/task/argv.js';
import { findOwnTaskContainers } from '../inject/task/identify.js';
import { agentPointer, buildTaskPatch } from '../inject/task/patch.js';
import { isAgentOnly, type TaskPlan } from '../inject/task/plan.js';
import { startOfTaskContainer } from '../inject/task/start.js';
import { referenceText } from '../inject/task/dialect.js';
import { fieldOf, readTask, taskField, type TaskContainerView, type TaskView } from '../inject/task/view.js';
import type { CompiledPolicy } from '../policy/compile.js';
import { selectContainers } from '../policy/containers.js';
import { decide, noFindings, type Findings } from '../policy/decide.js';
import { screen, type Screening } from '../policy/screen.js';
import { renderTaskRecipe } from '../profile/render-task.js';
import { lookUpAll, type KnownImages } from './asked-images.js';
import type { Engine } from './engine.js';
import type { Rule } from './rules.js';
import { findingsOf, isCarriedOut, obstructedBy, ruleFor, type Passed } from './findings.js';
import { knownTaskImages } from './task-images.js';
import { readTags, unknownNarrowing, type TaskTags } from './task-tags.js';

/** A task to decide on. */
export interface TaskRequest {
  readonly template: TaskTemplate;
  /** Names of the only containers to look at; empty: all. */
  readonly only: readonly string[];
  /** What images start, by container name or by reference as it is written. */
  readonly images: ReadonlyMap<string, ImageConfig>;
  /** Record every check, for `explain`. */
  readonly trace: boolean;
  /** Gives the signal under which look-ups run; absent where nothing may be looked up. */
  readonly lookUp: (() => AbortSignal) | undefined;
}

/** A decision about a task with what it came from. */
export interface TaskOutcome {
  readonly decision: Decision;
  /** What the validating door would say about the result, where that is a denial. */
  readonly denial: Decision | undefined;
  /** Operations that carry the decision out; pointers start at the object that the task is in. */
  readonly patch: readonly Operation[];
  /** JSON pointer of the agent's container once they are applied. */
  readonly agent: string | undefined;
  readonly rule: Rule | undefined;
  readonly view: TaskView | undefined;
  readonly plan: TaskPlan | undefined;
  /** What was known about each container's image that was asked for. */
  readonly images: KnownImages;
}

/**
 * Decides on one task, by the same policies, screening and reasons as for a pod. A task has no namespace and no labels:
 * its tags stand for both.
 *
 * @throws OutriderError `settings_invalid` for settings that only tasks use
 */
export async function instrumentTask(request: TaskRequest, engine: Engine): Promise<TaskOutcome> {
  const { template } = request;
  const tags = readTags(template.tags);
  const screened = { namespace: '', namespaceLabels: tags.labels, podLabels: tags.labels };
  const passed = screen(engine.rules.policies, screened, new Set(), request.trace);
  if (passed.stop !== undefined) return stopped(passed, noFindings, { template });
  const family = () => ({ kind: 'TaskDefinition', name: template.name ?? '' });
  const way = ruleFor(passed, engine, '', family, request.trace);
  if ('leftAlone' in way) return stopped(way.leftAlone, noFindings, { template });
  const { rule, screening } = way;
  const obstructed = (obstacle: Finding, view?: TaskView) => stopped(screening, obstructedBy(obstacle), { rule, view });
  const rendered = renderTaskRecipe(rule.profile, screening.policy.spec);
  const recipe = rendered === undefined ? undefined : rewritten(rendered, engine.facts);
  if (recipe !== undefined) refuseUnfilled(recipe, template);
  if (recipe === undefined) {
    const detail = `profile ${rule.profile.metadata.name} has no recipe for tasks`;
    return obstructed({ reason: 'task_unsupported', detail });
  }
  const view = readTask(template);
  if ('reason' in view) return obstructed(view);
  const open = unknownNarrowing(template);
  if (open !== undefined && screening.policy.spec.optOut !== 'Forbidden') return obstructed(undecided(open), view);
  const own = findOwnTaskContainers(view, recipe);
  const notWorkload = new Set([own.agent, own.init, ...own.helpers]);
  const workload = view.containers.filter((container) => !notWorkload.has(container));
  // An agent without a wrapper is added whichever containers are asked for.
  const agentOnly = isAgentOnly(recipe);
  const choice = agentOnly ? nothingChosen : choose(screening.policy, view, workload, tags, request);
  if (agentOnly || choice.selected.length > 0) {
    const obstacle = findTaskObstacle(view, recipe, workload);
    if (obstacle !== undefined) return obstructed(obstacle, view);
    const differing = findOtherTaskTracer(view, recipe, workload, engine.rules.tracers);
    if (differing !== undefined) return stopped(screening, { ...noFindings, differing }, { rule, view });
  }
  const images = knownTaskImages(
    choice.selected.filter((container) => needsTaskImage(view, container, recipe.wrapper)),
    view,
    request.images,
    engine.images,
  );
  if (request.lookUp !== undefined && images.unknown.length > 0) {
    await Promise.all(lookUpAll(images, engine.images, request.lookUp()));
  }
  if (agentOnly || choice.selected.length > 0) {
    const others = workload.filter(
      (container) => !choice.selected.includes(container) && needsTaskImage(view, container, recipe.wrapper),
    );
    const aside = knownTaskImages(others, view, request.images, engine.images).known;
    const init = findTaskPid1(view, recipe, workload, ({ name }) => images.known.get(name) ?? aside.get(name));
    if (init !== undefined) return obstructed(init, view);
  }
  // Asking for certain containers leaves out those whose names only deployment knows.
  const asksForUnknown = request.only.length === 0;
  const said = open === undefined ? wholly(template) : [undecided(open)];
  return finished(screening, rule, { view, recipe, own, ...choice, asksForUnknown, images: images.known, said });
}

/** The operator's rewrites of images hold for the agent's in tasks, too. */
function rewritten(recipe: TaskRecipe, { imageRewrites }: Engine['facts']): TaskRecipe {
  const { agent, volume } = recipe;
  return {
    ...recipe,
    agent: { ...agent, image: rewriteImage(agent.image, imageRewrites) },
    volume: volume && {
      ...volume,
      init: { ...volume.init, image: rewriteImage(volume.init.image, imageRewrites) },
    },
  };
}

/** What has `${Name}` in it is filled in by CloudFormation, and by nothing else. */
function refuseUnfilled({ agent }: TaskRecipe, { format }: TaskTemplate): void {
  const settings = [
    ...agent.secrets.map(({ valueFrom }) => ({ setting: agent.secretSetting, value: valueFrom })),
    { setting: agent.repositoryCredentialsSetting, value: agent.repositoryCredentials },
  ];
  const open = settings.find(({ value }) => value?.includes('${') === true);
  if (open === undefined || format === 'cloudformation') return;
  const field = `spec.profile.settings.${open.setting ?? ''}`;
  const message = `${field} is ${open.value ?? ''}, which only a CloudFormation template can fill in; give the ARN.`;
  throw new OutriderError('settings_invalid', message, { field });
}

interface Chosen {
  readonly selected: readonly TaskContainerView[];
  readonly narrowed: boolean;
  readonly steps: readonly Step[];
}

const nothingChosen: Chosen = { selected: [], narrowed: false, steps: [] };

/**
 * The policy's choice, narrowed by the tags (unless the policy forbids that) and by `--only`, which is not an opt-out.
 */
function choose(
  policy: CompiledPolicy,
  view: TaskView,
  workload: readonly TaskContainerView[],
  tags: TaskTags,
  { only, trace }: TaskRequest,
): Chosen {
  const selection = selectContainers(policy, workload, tags.containers, trace, (container) =>
    startOfTaskContainer(view, container),
  );
  const forbidden = policy.spec.optOut === 'Forbidden';
  const steps: Step[] = [...selection.steps];
  let { narrowed } = selection;
  const proxy = isStrict(policy.spec) ? undefined : proxyOf(view);
  const selected = selection.selected.filter(({ name }) => {
    if (name === proxy) {
      steps.push({ subject: name, result: 'note', detail: 'the proxy that the task’s proxyConfiguration names' });
      return false;
    }
    if (tags.ignored.has(name)) {
      if (!forbidden) {
        steps.push({ subject: name, result: 'note', detail: 'named in the tag kilt-ignore-containers' });
        narrowed = true;
        return false;
      }
      const detail = `${name} stays: the policy forbids narrowing its choice`;
      steps.push({ subject: 'tag kilt-ignore-containers', result: 'note', detail, reason: 'annotation_ignored' });
    }
    if (only.length === 0 || only.includes(name)) return true;
    steps.push({ subject: name, result: 'note', detail: 'not named by --only' });
    return false;
  });
  return { selected, narrowed, steps };
}

/** The container that all of the task's traffic goes through, such as App Mesh's Envoy (W35). */
function proxyOf(view: TaskView): string | undefined {
  const proxy = objectOf(taskField(view, 'proxyConfiguration'));
  return proxy && referenceText(fieldOf(view, proxy, 'containerName'));
}

function finished(
  screening: Passed,
  rule: Rule,
  input: Chosen & {
    readonly view: TaskView;
    readonly recipe: TaskRecipe;
    readonly own: ReturnType<typeof findOwnTaskContainers>;
    readonly asksForUnknown: boolean;
    readonly images: KnownImages;
    /** What is to be said besides what planning finds. */
    readonly said: readonly Finding[];
  },
): TaskOutcome {
  const { view, images } = input;
  const made = makeTaskPlan({ ...input, wishes: rule.wishes, imageOf: ({ name }) => images.get(name) });
  const planned = { ...made, remarks: [...input.said, ...made.remarks] };
  const { plan } = planned;
  const findings = findingsOf(screening, input, planned);
  const decision = decide(screening, findings, 'mutate');
  const denial = decide(screening, findings, 'validate');
  return {
    decision,
    denial: denial.decision === 'deny' ? denial : undefined,
    patch: plan === undefined || !isCarriedOut(decision) ? [] : buildTaskPatch(plan),
    agent: plan === undefined ? undefined : agentPointer(plan),
    rule,
    view,
    plan,
    images,
  };
}

function stopped(
  screening: Screening,
  findings: Findings,
  about: { readonly rule?: Rule; readonly view?: TaskView | undefined; readonly template?: TaskTemplate },
): TaskOutcome {
  const denial = decide(screening, findings, 'validate');
  return {
    decision: asTask(decide(screening, findings, 'mutate'), about.template),
    denial: denial.decision === 'deny' ? asTask(denial, about.template) : undefined,
    patch: [],
    agent: undefined,
    rule: about.rule,
    view: about.view,
    plan: undefined,
    images: new Map(),
  };
}

/** What is said where a function makes tags of which no key is written down: one of them may be an opt-out. */
function wholly({ unknownTags = [] }: TaskTemplate): readonly Finding[] {
  return unknownTags.filter(({ tag }) => tag === undefined).map(undecided);
}

/** A tag that only deployment knows. */
function undecided({ tag, pointer }: UnknownTag): Finding {
  const detail = `${pointer} is only known at deployment, and with it ${tag === undefined ? 'tags' : `the tag ${tag}`}`;
  return { reason: 'intrinsic_unresolved', detail };
}

/** The reasons that speak of labels, in a task's words. */
function asTask(decision: Decision, template?: TaskTemplate): Decision {
  const { reason } = decision;
  if (reason === 'pod_opted_out')
    return { ...decision, detail: `the task is tagged ${names.inject}=disabled, or kilt-ignore` };
  if (reason === 'no_policy') {
    const [open] = template?.unknownTags ?? [];
    const detail = 'no policy matches the task’s tags';
    return { ...decision, detail: open === undefined ? detail : `${detail}; ${undecided(open).detail}` };
  }
  return decision;
}
