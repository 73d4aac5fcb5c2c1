import { chooseCapability } from '../../inject/pod/capability.js';
import { isLookContainer } from '../../inject/pod/debug/look-container.js';
import { newContainers } from '../../inject/pod/debug/new-containers.js';
import { patchDebug } from '../../inject/pod/debug/patch-debug.js';
import { missingOfDebug, planDebug, type DebugPlan } from '../../inject/pod/debug/plan-debug.js';
import { findTracerFiles, type FoundFiles } from '../../inject/pod/debug/tracer-files.js';
import { findTrespass } from '../../inject/pod/debug/trespass.js';
import { isWrapped } from '../../inject/argv.js';
import { tracerTroubles } from '../../inject/pod/standing.js';
import type { ContainerBody } from '../../inject/pod/view.js';
import type { Finding } from '../../model/decision.js';
import type { ImageOutcome, ImageRequest } from '../../model/image.js';
import type { JsonObject } from '../../model/json.js';
import type { Operation } from '../../model/patch.js';
import type { SessionDecision } from '../../model/session-record.js';
import type { Engine } from '../engine.js';
import { neverPulled } from '../images.js';
import { everyRule, type Rule } from '../rules.js';
import { ephemeralContainersOf } from './container.js';
import type { SessionOutcome } from './outcome.js';
import type { SessionPlace } from './place.js';
import { screenSession, type ScreenedSession } from './screen-session.js';

/** An update that adds debug containers to a pod. */
export interface DebugRequest extends SessionPlace {
  readonly kind: 'debug';
  /** The pod as it is. The person who debugs can write anything into the new one, besides its debug containers. */
  readonly pod: JsonObject;
  /** The pod as it is to be: its ephemeral containers alone are looked at. */
  readonly updated: JsonObject;
  /** Gives the signal under which look-ups run; absent where nothing may be looked up. */
  readonly lookUp?: (() => AbortSignal) | undefined;
}

/** What happens to one new debug container. */
export interface DebugSession extends Omit<SessionOutcome, 'command'> {
  /** The words that it starts, as they came. */
  readonly asked: readonly string[];
}

/** What happens to all that an update adds. */
export interface DebugOutcome {
  readonly sessions: readonly DebugSession[];
  /** Operations on the updated pod; only at the mutating door. */
  readonly patch: readonly Operation[];
}

/**
 * Decides on the debug containers that an update adds to a pod. Answers at once where no image has to be looked up, and with
 * a promise otherwise, which never rejects for what a registry does.
 *
 * The mutating door has each start under the tracer where that can be. The validating door checks whether it does and,
 * where the policy insists on the instrumentation, denies one that does not or that could reach the agent.
 */
export function decideDebug(request: DebugRequest, engine: Engine): DebugOutcome | Promise<DebugOutcome> {
  const added = newContainers(request.pod, request.updated, engine.facts.maxContainers);
  if (!('reason' in added) && added.length === 0) return { sessions: [], patch: [] };
  const screened = screenSession(request, request.pod, engine);
  if (!('decision' in screened)) return new Debug(request, screened, engine).decide(added);
  return all(startedIn(added), (one) => ({ ...screened, ...aboutOne(one) }));
}

/** Stands for containers that cannot be identified. */
const unnamed: Started = { name: '', command: [], args: [] };

type Started = Pick<ContainerBody, 'name' | 'command' | 'args'>;

function startedIn(added: readonly ContainerBody[] | Finding): readonly Started[] {
  return 'reason' in added ? [unnamed] : added;
}

function aboutOne({ name, command, args }: Started): Pick<DebugSession, 'container' | 'asked'> {
  return { container: name, asked: args.length === 0 ? command : [...command, ...args] };
}

/** How the pod's own containers are traced. */
interface Traced {
  readonly rule: Rule;
  readonly found: FoundFiles;
}

type Images = ReadonlyMap<ContainerBody, ImageOutcome>;

/** One update whose policy says something about it. */
class Debug {
  readonly #request: DebugRequest;
  readonly #screened: ScreenedSession;
  readonly #engine: Engine;

  constructor(request: DebugRequest, screened: ScreenedSession, engine: Engine) {
    this.#request = request;
    this.#screened = screened;
    this.#engine = engine;
  }

  decide(added: readonly ContainerBody[] | Finding): DebugOutcome | Promise<DebugOutcome> {
    const { debug } = this.#screened.rule.sessions;
    const started = startedIn(added);
    if (debug === 'Record') return all(started, (one) => this.#ends(one, 'untraced', recorded));
    if (debug === 'Deny') return all(started, (one) => this.#ends(one, this.#atTheEnd('denied'), denied));
    if ('reason' in added) return all(started, (one) => this.#refused(one, added));
    return this.#traced(added);
  }

  /** Under Trace: by what the pod is, and each container's image. */
  #traced(added: readonly ContainerBody[]): DebugOutcome | Promise<DebugOutcome> {
    const traced = this.#tracedBy();
    if (traced === undefined) return all(added, (one) => this.#ends(one, 'untraced', notInstrumented));
    const images = new Map<ContainerBody, ImageOutcome>();
    const unknown: { readonly container: ContainerBody; readonly asked: ImageRequest }[] = [];
    const { namespace, pod, lookUp } = this.#request;
    for (const container of 'reason' in traced.found.files ? [] : added) {
      if (isLookContainer(container, this.#engine.facts)) continue;
      // What the pod's author says about images is not asked: the name of a debug container can be made to fit it.
      const asked: ImageRequest = { reference: container.image, namespace, pod };
      const known = this.#engine.images.known(asked) ?? neverPulled(container);
      if (known !== undefined) images.set(container, known);
      else unknown.push({ container, asked });
    }
    if (unknown.length === 0 || lookUp === undefined || !this.#decidesByImage) {
      return this.#judged(added, images, traced);
    }
    const signal = lookUp();
    const lookedUp = unknown.map(async ({ container, asked }) => {
      images.set(container, await this.#engine.images.lookUp(asked, signal));
    });
    return Promise.all(lookedUp).then(() => this.#judged(added, images, traced));
  }

  /**
   * By which rule the pod's own containers are traced: the policy's, or another by which they may have been made
   * before. Where the policy insists, files that someone else may have written are not the agent's.
   */
  #tracedBy(): Traced | undefined {
    const { rule, view } = this.#screened;
    const { rules, facts } = this.#engine;
    const beside = ephemeralContainersOf(view);
    const program = rule.recipe.wrapper?.[0];
    const others = everyRule(rules)
      .map(([, other]) => other)
      .filter(({ recipe }) => recipe.wrapper?.[0] !== program);
    for (const one of [rule, ...others]) {
      const troubleOf = rule.wishes.enforced ? tracerTroubles(view, beside, one, facts) : undefined;
      const found = findTracerFiles(view, one.recipe, troubleOf);
      if (found !== undefined) return { rule: one, found };
    }
    return undefined;
  }

  /** Whether an image says something that counts at this door: at the end, only what is denied does. */
  get #decidesByImage(): boolean {
    return this.#request.door === 'mutate' || this.#screened.rule.wishes.enforced;
  }

  #judged(added: readonly ContainerBody[], images: Images, traced: Traced): DebugOutcome {
    const plans: DebugPlan[] = [];
    const sessions = added.map((container) => {
      if (isLookContainer(container, this.#engine.facts)) return this.#ends(container, 'untraced', ofVerify);
      const plan = this.#planOf(container, images.get(container), traced);
      if ('reason' in plan) return this.#refused(container, plan);
      plans.push(plan);
      return this.#ends(container, 'wrapped', { reason: 'session_traced', detail: '' });
    });
    return { sessions, patch: this.#request.door === 'mutate' ? patchDebug(plans) : [] };
  }

  /** What one debug container gets; or why it is not traced, or must not be there. */
  #planOf(container: ContainerBody, image: ImageOutcome | undefined, { rule, found }: Traced): DebugPlan | Finding {
    const { policy, view } = this.#screened;
    const { enforced } = this.#screened.rule.wishes;
    const { recipe } = rule;
    const isEnd = this.#request.door === 'validate';
    const { facts } = this.#engine;
    const terms = { view, recipe, facts, found, security: policy.spec.prefer === 'Security' };
    const trespass = isEnd && enforced ? findTrespass(container, image, terms) : undefined;
    if (trespass !== undefined) return trespass;
    if ('reason' in found.files) return found.files;
    const plan = planDebug(container, this.#imageFor(container, image, found.files.wrapper), {
      recipe,
      variables: rule.parts.variables,
      files: found.files,
      capabilities: this.#capabilitiesBy(rule),
      enforced,
    });
    if ('reason' in plan) return plan;
    // The person who debugs has no say in whether the pod is instrumented, even if its author may opt out.
    if (plan.tampered !== undefined && enforced) return plan.tampered;
    const missing = isEnd ? missingOfDebug(plan) : [];
    if (missing.length === 0) return plan;
    return { reason: 'debug_not_traced', detail: `debug container ${container.name} lacks ${missing.join(', ')}` };
  }

  /**
   * What is known about an image; of one that is not asked about any more, that it lets a container be that is wrapped.
   */
  #imageFor(
    { command, image }: ContainerBody,
    known: ImageOutcome | undefined,
    wrapper: readonly string[],
  ): ImageOutcome {
    if (known !== undefined) return known;
    if (!this.#decidesByImage && isWrapped(command, wrapper)) {
      return { ok: true, config: { entrypoint: [], cmd: [] }, source: 'cache' };
    }
    return { ok: false, reason: 'image_unresolved', detail: `${image || 'no image'} is not known` };
  }

  /**
   * The capabilities that debug containers get: those of the pod's own containers, but none under Security, where a debug
   * container as root with them is denied. The tracer needs none for what it starts itself.
   */
  #capabilitiesBy({ recipe, wishes }: Rule): readonly string[] {
    if (this.#screened.policy.spec.prefer === 'Security') return [];
    const { namespaceLabels } = this.#request;
    const { view } = this.#screened;
    const { facts } = this.#engine;
    const { add } = chooseCapability(recipe.capabilities, wishes.capability, view, namespaceLabels, facts);
    return add ? recipe.capabilities : [];
  }

  /** One that cannot be traced: denied at the end where the policy insists, else it goes on as it came. */
  #refused(container: Started, finding: Finding): DebugSession {
    const { enforced } = this.#screened.rule.wishes;
    return this.#ends(container, enforced ? this.#atTheEnd('denied') : 'untraced', finding);
  }

  #atTheEnd(decision: SessionDecision): SessionDecision {
    return this.#request.door === 'validate' ? decision : 'untraced';
  }

  #ends(container: Started, decision: SessionDecision, { reason, detail }: Finding): DebugSession {
    return { ...aboutOne(container), decision, reason, detail, policy: this.#screened.policy.name, recorded: true };
  }
}

const recorded: Finding = { reason: 'session_recorded', detail: '' };
const denied: Finding = { reason: 'session_denied', detail: 'the policy denies debug containers' };
const notInstrumented: Finding = { reason: 'debug_not_instrumented', detail: 'the pod is not instrumented' };
const ofVerify: Finding = { reason: 'session_allowed', detail: 'outrider verify looks from it' };

function all<Body>(added: readonly Body[], end: (one: Body) => DebugSession): DebugOutcome {
  return { sessions: added.map(end), patch: [] };
}
