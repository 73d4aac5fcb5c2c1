import type { PodTemplate } from '../../documents/manifest/templates.js';
import type { Rules } from '../../engine/rules.js';
import type { Step } from '../../model/decision.js';
import { groupOf } from '../../model/workload-kinds.js';
import { countContainers, remedyOf } from '../offline/counts.js';
import type { InstrumentedTemplate } from '../offline/instrument-templates.js';
import type { ExplainedContainer, ExplainedPlace, ExplainedStep, Explanation } from './explanation.js';

/** The fields that pods and tasks each fill in their own way. */
export type OwnFields = Pick<
  Explanation,
  'namespaceLabels' | 'containers' | 'parts' | 'imagePullSecrets' | 'shareProcessNamespace' | 'growth'
>;

/** Makes an explanation from what pods and tasks have in common and from the fields that only one of them has. */
export function explanationWith(
  edit: InstrumentedTemplate,
  place: ExplainedPlace,
  { policies }: Rules,
  own: OwnFields,
): Explanation {
  const { template, namespace, outcome, denial } = edit;
  const { decision, rule } = outcome;
  const of = namespace === undefined ? 'task' : 'pod';
  const ranked = policies.ranked.find(({ name }) => name === decision.policy);
  const containers = new Set(own.containers.map(({ name }) => name));
  return {
    ...place,
    pointer: template.path,
    kind: template.kind,
    ...('pod' in template ? shownOf(template) : {}),
    name: template.name,
    namespace,
    namespaceLabels: own.namespaceLabels,
    decision: decision.decision,
    reason: decision.reason,
    detail: decision.detail,
    remedy: edit.remedy ?? remedyOf(decision.reason, of),
    policy:
      ranked === undefined || decision.prefer === undefined
        ? undefined
        : { name: ranked.name, precedence: ranked.precedence, prefer: decision.prefer },
    profile: rule?.profile.metadata.name,
    admission:
      denial === undefined ? { allowed: true } : { allowed: false, reason: denial.reason, detail: denial.detail },
    changes: edit.operations.length > 0,
    count: countContainers(outcome),
    steps: decision.steps
      .filter(({ subject }) => !containers.has(subject) || subject === 'pod')
      .map((step) =>
        edit.remedy !== undefined && step.reason === decision.reason
          ? { ...step, remedy: edit.remedy }
          : withRemedy(step, of),
      ),
    containers: own.containers,
    parts: own.parts,
    imagePullSecrets: own.imagePullSecrets,
    shareProcessNamespace: own.shareProcessNamespace,
    growth: own.growth,
  };
}

/** Kubernetes' own kinds are shown without a group: their groups have no dot. */
function shownOf({ apiVersion, part }: PodTemplate): Pick<Explanation, 'apiVersion' | 'part'> {
  const isExtension = apiVersion !== undefined && groupOf(apiVersion).includes('.');
  return { ...(isExtension ? { apiVersion } : {}), ...(part === undefined ? {} : { part }) };
}

/** A container that the decision leaves out. */
export function leftOutContainer(about: Named, stop: Step, of: 'pod' | 'task'): ExplainedContainer {
  const { detail, reason, remedy } = withRemedy(stop, of);
  return {
    ...about,
    result: 'left_out',
    detail,
    ...(reason === undefined ? {} : { reason }),
    ...(remedy === undefined ? {} : { remedy }),
  };
}

/** A container that the policy does not ask for. Nothing, if the decision has no note on it. */
export function unselectedContainer(about: Named, note: Step | undefined): readonly ExplainedContainer[] {
  return note === undefined ? [] : [{ ...about, result: 'not_selected', detail: note.detail }];
}

type Named = Pick<ExplainedContainer, 'name' | 'list'>;

function withRemedy(step: Step, of: 'pod' | 'task'): ExplainedStep {
  const remedy = step.reason === undefined ? undefined : remedyOf(step.reason, of);
  return remedy === undefined ? step : { ...step, remedy };
}
