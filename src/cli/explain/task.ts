import type { Rules } from '../../engine/rules.js';
import type { TaskWorkloadPlan } from '../../inject/task/plan.js';
import { fieldOf, type TaskView } from '../../inject/task/view.js';
import type { ImageOutcome } from '../../model/image.js';
import { listOf, stringOf } from '../../model/json.js';
import { leftOut } from '../offline/counts.js';
import type { InstrumentedTask } from '../offline/instrument-templates.js';
import { explanationWith, leftOutContainer, unselectedContainer } from './common.js';
import type { Argv, ExplainedContainer, ExplainedPart, ExplainedPlace, Explanation } from './explanation.js';

/** Makes the explanation of a decision about a task. */
export function taskExplanationOf(edit: InstrumentedTask, place: ExplainedPlace, rules: Rules): Explanation {
  const { template, outcome } = edit;
  const { plan } = outcome;
  return explanationWith(edit, place, rules, {
    namespaceLabels: template.tags,
    containers: containersOf(edit),
    parts: plan === undefined ? [] : partsOf(plan),
    imagePullSecrets: [],
    shareProcessNamespace: plan?.addPidMode ?? false,
    growth: { requests: {}, limits: {} },
  });
}

function partsOf({ parts, volumes }: NonNullable<InstrumentedTask['outcome']['plan']>): readonly ExplainedPart[] {
  const members = parts.map(({ part, name, present }): ExplainedPart => {
    return part === 'agent'
      ? { part: 'agent', name, list: 'containers', present: present !== undefined }
      : { part: 'files', name, list: 'containers', present: present !== undefined };
  });
  const added = volumes.map(({ name }): ExplainedPart => {
    return { part: 'volume', name: stringOf(name) ?? '', list: 'volumes', present: false };
  });
  return [...added, ...members];
}

function containersOf({ outcome }: InstrumentedTask): readonly ExplainedContainer[] {
  const { decision, plan, view, images } = outcome;
  if (view === undefined) return [];
  const omitted = leftOut(decision);
  const all = [...view.containers, ...view.unknownContainers];
  return all.flatMap(({ name }): readonly ExplainedContainer[] => {
    const about = { name, list: 'containers' } as const;
    const stop = omitted.find(({ subject }) => subject === name);
    if (stop !== undefined) return [leftOutContainer(about, stop, 'task')];
    const planned = plan?.workload.find(({ container }) => container.name === name);
    if (planned !== undefined) return [{ ...about, ...instrumented(planned, view, plan, images.get(name)) }];
    const note = decision.steps.findLast(({ subject, result }) => subject === name && result === 'note');
    return unselectedContainer(about, note);
  });
}

function instrumented(
  { container, argv, env, mountPoints, volumesFrom, capabilities }: TaskWorkloadPlan,
  view: TaskView,
  plan: InstrumentedTask['outcome']['plan'],
  image: ImageOutcome | undefined,
): Omit<ExplainedContainer, 'name' | 'list'> {
  const own: Argv = {
    command: words(view, container.value, 'entryPoint'),
    args: words(view, container.value, 'command'),
  };
  const fromImage = argv.kind === 'override' && image?.ok === true ? image : undefined;
  const before: Argv =
    fromImage === undefined
      ? own
      : { command: fromImage.config.entrypoint, args: own.args.length > 0 ? own.args : fromImage.config.cmd };
  const after: Argv =
    argv.kind === 'wrapped'
      ? own
      : argv.kind === 'prepend'
        ? { command: [...(plan?.recipe.wrapper ?? []), ...own.command], args: own.args }
        : { command: argv.entryPoint, args: argv.command ?? own.args };
  return {
    result: 'instrumented',
    detail: argv.kind === 'wrapped' ? 'is wrapped already' : 'is wrapped',
    before,
    after,
    source: fromImage?.source ?? 'manifest',
    ...(fromImage?.digest === undefined ? {} : { digest: fromImage.digest }),
    adds: {
      env: env.map(({ name }) => name),
      mounts: mountPoints.length + volumesFrom.length === 0 ? [] : [plan?.recipe.toolsPath ?? ''],
      capabilities,
      execs: [],
    },
  };
}

/** A list of words. A value that is known only at deployment is shown by its function's name. */
function words(view: TaskView, container: TaskWorkloadPlan['container']['value'], field: string): readonly string[] {
  return listOf(fieldOf(view, container, field)).map((word) =>
    typeof word === 'string' ? word : JSON.stringify(word),
  );
}
