import { standingParts, startsTracer } from '../inject/pod/own-standing.js';
import { counterpartOf, keepsCommand, updateTrouble, type ChangedPart } from '../inject/pod/update-trouble.js';
import { isFinding, readPod, type PodView } from '../inject/pod/view.js';
import type { Decision, Finding, Step } from '../model/decision.js';
import { objectOf, type JsonObject } from '../model/json.js';
import { isStrict } from '../model/policy.js';
import type { StringMap } from '../model/selector.js';
import { screen } from '../policy/screen.js';
import { canaryWorkload, chooseRule } from './canary.js';
import type { Engine } from './engine.js';
import { everyRule, type Rule } from './rules.js';

/** An update of a running pod to decide on. */
export interface PodUpdate {
  /** The pod as it is. */
  readonly before: JsonObject;
  /** The pod as it would be. */
  readonly after: JsonObject;
  readonly namespace: string;
  readonly namespaceLabels: StringMap;
}

/**
 * Decides on other images or resources for containers of a running pod. Nothing is looked up. The policy that wins for
 * the pod as it is counts, whatever labels the update gives it. It also applies to a pod that opts out by now, since
 * that label can be put on a running pod: the parts that the pod has must stay whole.
 *
 * @param earlier engines with what was in force until a while ago: what they plan is admitted, too
 */
export function judgeUpdate(update: PodUpdate, engine: Engine, earlier: Iterable<Engine> = []): Decision {
  const { namespace, namespaceLabels } = update;
  const before = readPod(update.before);
  const after = readPod(update.after);
  if (isFinding(before)) return decided('skip', before);
  const about = { namespace, namespaceLabels, podLabels: before.labels };
  const { stop, policy } = screen(engine.rules.policies, about, engine.excludedNamespaces, false);
  if (policy === undefined) return decided('skip', stop ?? allowed);
  const { name } = policy;
  if (!policy.valid) {
    const denies = policy.prefer === 'Security' && policy.mode === 'Inject';
    return { ...decided(denies ? 'deny' : 'skip', stop ?? allowed), policy: name, prefer: policy.prefer };
  }
  const { spec } = policy;
  const said = { policy: name, prefer: spec.prefer };
  if (spec.mode !== 'Inject' || !isStrict(spec)) return { ...decided('skip', allowed), ...said };
  // Of such a shape the API server takes none.
  if (isFinding(after)) return { ...decided('deny', after), ...said };
  const changed = changedParts(before, after, name, [engine, ...earlier]);
  const trouble = updateTrouble(changed);
  if (trouble !== undefined) return { ...decided('deny', trouble), ...said };
  const whole = engine.rules.byPolicy.get(name);
  const workload = canaryWorkload(objectOf(update.before['metadata']) ?? {});
  const rule = whole === undefined ? undefined : (chooseRule(whole, namespace, workload).rule ?? whole);
  return { ...decided('skip', allowed), ...said, steps: remarks(before, after, changed, rule) };
}

const allowed: Finding = { reason: 'update_allowed', detail: '' };

function decided(decision: 'skip' | 'deny', { reason, detail }: Finding): Decision {
  return { decision, reason, detail, policy: undefined, prefer: undefined, steps: [] };
}

/** Our containers in the pod, by the policy that wins and by each whose tracer starts something in it. */
function changedParts(
  before: PodView,
  after: PodView,
  policy: string,
  engines: readonly Engine[],
): readonly ChangedPart[] {
  return engines.flatMap(({ rules, facts }) =>
    everyRule(rules)
      .filter(([name, { recipe }]) => name === policy || startsTracer(before, recipe))
      .flatMap(([, { recipe, wishes, parts }]) =>
        standingParts(before, { recipe, wishes, parts }, facts).flatMap((found): readonly ChangedPart[] => {
          const other = counterpartOf(found.container, after);
          return other === undefined ? [] : [{ ...found, after: other, recipe }];
        }),
      ),
  );
}

function remarks(
  before: PodView,
  after: PodView,
  changed: readonly ChangedPart[],
  rule: Rule | undefined,
): readonly Step[] {
  if (rule === undefined) return [];
  const ours = new Set(changed.map(({ container }) => container));
  return keepsCommand(before, after, rule.recipe, ours).map((name): Step => ({
    subject: name,
    result: 'note',
    detail: `container ${name} keeps the command that its old image starts`,
    reason: 'update_keeps_command',
  }));
}
