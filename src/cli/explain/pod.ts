import type { PodTemplate } from '../../documents/manifest/templates.js';
import type { Engine } from '../../engine/engine.js';
import type { WorkloadPlan } from '../../inject/pod/plan.js';
import { isFinding, readPod, type ContainerView } from '../../inject/pod/view.js';
import type { ImageOutcome } from '../../model/image.js';
import { leftOut } from '../offline/counts.js';
import type { InstrumentedPod } from '../offline/instrument-templates.js';
import { weaknessOf } from '../offline/weakness.js';
import { explanationWith, leftOutContainer, unselectedContainer } from './common.js';
import type { Argv, ExplainedContainer, ExplainedPart, ExplainedPlace, Explanation } from './explanation.js';

/** Makes the explanation of a decision about a pod. */
export function podExplanationOf(
  edit: InstrumentedPod,
  place: ExplainedPlace,
  engine: Pick<Engine, 'rules' | 'facts'>,
  namespaceLabels: Readonly<Record<string, string>>,
): Explanation {
  const { plan } = edit.outcome;
  const explanation = explanationWith(edit, place, engine.rules, {
    namespaceLabels,
    containers: containersOf(edit),
    parts: plan === undefined ? [] : partsOf(plan),
    imagePullSecrets: plan?.pullSecrets ?? [],
    shareProcessNamespace: plan?.shareProcessNamespace ?? false,
    growth: { requests: plan?.growth.requests ?? {}, limits: plan?.growth.limits ?? {} },
  });
  const { policy } = explanation;
  const weak = weaknessOf(policy?.name, engine);
  return policy === undefined || weak === undefined ? explanation : { ...explanation, policy: { ...policy, weak } };
}

function partsOf(plan: NonNullable<InstrumentedPod['outcome']['plan']>): readonly ExplainedPart[] {
  return (['volumes', 'initContainers', 'containers'] as const).flatMap((list) =>
    plan[list].map(({ part, name, present }) => ({ part, name, list, present: present !== undefined })),
  );
}

/** The workload's containers that have something to explain, in the pod's order. */
function containersOf({ template, outcome }: InstrumentedPod): readonly ExplainedContainer[] {
  const { decision, plan, images } = outcome;
  const omitted = leftOut(decision);
  return viewsOf(template).flatMap(({ name, list }): readonly ExplainedContainer[] => {
    const about = { name, list };
    const stop = omitted.find(({ subject }) => subject === name);
    if (stop !== undefined) return [leftOutContainer(about, stop, 'pod')];
    const planned = plan?.workload.find(({ container }) => container.name === name);
    if (planned !== undefined)
      return [{ ...about, ...instrumented(planned, images.get(name), plan?.recipe.wrapper !== undefined) }];
    // The last step says why it is not selected. An earlier one may say that an exclusion is void.
    const note = decision.steps.findLast(({ subject, result }) => subject === name && result === 'note');
    return unselectedContainer(about, note);
  });
}

function viewsOf({ pod }: PodTemplate): readonly ContainerView[] {
  const view = readPod(pod);
  return isFinding(view) ? [] : [...view.initContainers, ...view.containers];
}

function instrumented(
  { container, command, args, env, mounts, capabilities, execs }: WorkloadPlan,
  image: ImageOutcome | undefined,
  wraps: boolean,
): Omit<ExplainedContainer, 'name' | 'list'> {
  const fromImage = container.command.length === 0 && image?.ok === true ? image : undefined;
  const before: Argv = {
    command: fromImage?.config.entrypoint ?? container.command,
    args: fromImage === undefined || container.args.length > 0 ? container.args : fromImage.config.cmd,
  };
  return {
    result: 'instrumented',
    detail: !wraps
      ? 'is not wrapped: the profile has no tracer'
      : command === undefined
        ? 'is wrapped already'
        : 'is wrapped',
    before,
    after: { command: command ?? container.command, args: args ?? container.args },
    source: fromImage?.source ?? 'manifest',
    ...(fromImage?.digest === undefined ? {} : { digest: fromImage.digest }),
    adds: {
      env: env.map(({ name }) => name),
      mounts: mounts.map(({ mountPath }) => mountPath),
      capabilities,
      execs: execs.map(({ pointer }) => pointer),
    },
  };
}
