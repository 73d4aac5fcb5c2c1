import { isWrapped, runsWrapper } from '../../inject/argv.js';
import { movedWrapper } from '../../inject/pod/debug/tracer-files.js';
import { busybox } from '../../inject/pod/scripts.js';
import { standingOf, type Standing } from '../../inject/pod/standing.js';
import type { ContainerView } from '../../inject/pod/view.js';
import type { Finding } from '../../model/decision.js';
import type { JsonObject } from '../../model/json.js';
import { lookArgv } from '../../model/look-script.js';
import { optsOut } from '../../model/reasons.js';
import type { SessionDecision } from '../../model/session-record.js';
import type { CompiledPolicy } from '../../policy/compile.js';
import type { Engine } from '../engine.js';
import { everyRule, type Rule } from '../rules.js';
import { ephemeralContainersOf, findContainer, type FoundContainer } from './container.js';
import { frontCommand } from './front.js';
import { whyNotInstrumented } from './left-out.js';
import type { SessionOutcome } from './outcome.js';
import type { SessionPlace } from './place.js';
import { screenSession, type ScreenedSession } from './screen-session.js';

/** A command that is to be started in a running container. */
export interface ExecRequest extends SessionPlace {
  readonly kind: 'exec';
  /** As the request names it; empty for none. */
  readonly container: string;
  readonly command: readonly string[];
}

/**
 * Decides on one exec. Pure: by the pod as it was read, the policy that wins for it, and by what the container is.
 *
 * The mutating door puts the tracer in front of the command where that can be. The validating door checks whether it is
 * there, and denies under Security where it does not and should.
 */
export function decideExec(request: ExecRequest, pod: JsonObject, engine: Engine): SessionOutcome {
  const screened = screenSession(request, pod, engine);
  if ('decision' in screened) return screened;
  return new Exec(request, pod, screened, engine).decide();
}

/** One exec whose policy says something about it. */
class Exec {
  readonly #request: ExecRequest;
  readonly #pod: JsonObject;
  readonly #screened: ScreenedSession;
  readonly #engine: Engine;
  readonly #ephemeral: readonly ContainerView[];
  readonly #found: FoundContainer | undefined;

  constructor(request: ExecRequest, pod: JsonObject, screened: ScreenedSession, engine: Engine) {
    this.#request = request;
    this.#pod = pod;
    this.#screened = screened;
    this.#engine = engine;
    this.#ephemeral = ephemeralContainersOf(screened.view);
    this.#found = findContainer(screened.view, this.#ephemeral, request.container);
  }

  decide(): SessionOutcome {
    const mode = this.#screened.rule.sessions.exec;
    if (mode === 'Record') return this.#ends('untraced', { reason: 'session_recorded', detail: '' });
    if (this.#found === undefined && mode !== 'Deny') return this.#noContainer();
    if (this.#isVerify()) return this.#ends('untraced', { reason: 'session_allowed', detail: 'outrider verify looks' });
    if (mode === 'Deny') return this.#deniedAnyway({ reason: 'session_denied', detail: 'the policy denies exec' });
    return this.#traced();
  }

  /** Under Trace: by what the container is. */
  #traced(): SessionOutcome {
    const found = this.#found;
    if (found === undefined) return this.#noContainer();
    const { wrapper, profile } = this.#screened.rule.recipe;
    if (wrapper === undefined) {
      const detail = `profile ${profile} has no tracer in the pod`;
      return this.#ends('untraced', { reason: 'session_recorded', detail });
    }
    const [standing, rule] = this.#standing(found.container);
    if (standing.is === 'wrapped') return this.#behindWrapper(rule, standing.movedTo);
    if (standing.is !== 'bare') {
      return this.#deniedUnderSecurity({ reason: 'exec_into_agent', detail: 'it is a part of the instrumentation' });
    }
    return this.#bare(found, standing.detail);
  }

  /** What the container is by the policy's own profile; or by another one of ours, by which it may have been made before. */
  #standing(container: ContainerView): readonly [Standing, Rule] {
    const { rule } = this.#screened;
    const standing = this.#standingBy(container, rule);
    if (standing.is !== 'bare') return [standing, rule];
    const program = rule.recipe.wrapper?.[0];
    for (const [, other] of everyRule(this.#engine.rules)) {
      const { wrapper, session } = other.recipe;
      if (wrapper === undefined || wrapper[0] === program) continue;
      if (!runsWrapper(container.command, wrapper) && session?.relocatable !== true) continue;
      const byOther = this.#standingBy(container, other);
      if (byOther.is === 'wrapped') return [byOther, other];
    }
    return [standing, rule];
  }

  #standingBy(container: ContainerView, rule: Rule): Standing {
    return standingOf(container, this.#screened.view, this.#ephemeral, rule, this.#engine.facts);
  }

  /** In a container that the tracer starts. @param movedTo the folder of its files, where that is not the recipe's */
  #behindWrapper({ recipe }: Rule, movedTo: string | undefined): SessionOutcome {
    const { command, door } = this.#request;
    const { volume, session } = recipe;
    const there = (words: readonly string[]): readonly string[] =>
      volume === undefined || movedTo === undefined ? words : movedWrapper(words, volume.mountPath, movedTo);
    const wrapper = there(recipe.wrapper ?? []);
    const fronted = frontCommand(command, wrapper, session?.argv && there(session.argv));
    if ('reason' in fronted) return this.#deniedUnderSecurity(fronted);
    const { front } = fronted;
    const traced = this.#ends('wrapped', { reason: 'session_traced', detail: '' });
    if (front === undefined) return traced;
    if (door === 'mutate') return { ...traced, front };
    return this.#deniedUnderSecurity({
      reason: 'exec_not_traced',
      detail: `the command does not begin with ${wrapper[0] ?? 'the tracer'}`,
    });
  }

  /** In a container without the tracer. */
  #bare({ container, ephemeral }: FoundContainer, detail: string): SessionOutcome {
    const { debug } = this.#screened.rule.sessions;
    if (ephemeral && (debug === 'Allow' || debug === 'Record')) {
      return this.#ends('untraced', { reason: 'exec_left_out', detail: `sessions.debug is ${debug}` });
    }
    const why = whyNotInstrumented(container, this.#pod, this.#screened, this.#request, this.#engine);
    if (why.excused && !ephemeral) {
      return this.#ends('untraced', { reason: 'exec_left_out', detail: `${why.reason}: ${why.detail}` });
    }
    return this.#deniedUnderSecurity({ reason: 'exec_not_instrumented', detail });
  }

  /** Whether it is the look of `outrider verify` from the agent's container, word for word. */
  #isVerify(): boolean {
    const { command } = this.#request;
    if (this.#found === undefined || command.length !== verifyArgv.length || !isWrapped(command, verifyArgv))
      return false;
    return this.#standingBy(this.#found.container, this.#screened.rule).is === 'agent';
  }

  #noContainer(): SessionOutcome {
    // The API server says so itself, and starts nothing.
    const detail = 'the pod has no such container';
    return { ...this.#ends('untraced', { reason: 'session_container_unknown', detail }), recorded: false };
  }

  #deniedAnyway(finding: Finding): SessionOutcome {
    return this.#ends(this.#request.door === 'validate' ? 'denied' : 'untraced', finding);
  }

  #deniedUnderSecurity(finding: Finding): SessionOutcome {
    const denies = this.#request.door === 'validate' && mayNotRun(this.#screened.policy, finding);
    return this.#ends(denies ? 'denied' : 'untraced', finding);
  }

  #ends(decision: SessionDecision, { reason, detail }: Finding): SessionOutcome {
    const container = this.#found?.container.name ?? this.#request.container;
    return { decision, reason, detail, policy: this.#screened.policy.name, recorded: true, container };
  }
}

const verifyArgv = lookArgv(busybox);

/** Whether a session may not start untraced for this reason: what its author can bring about at will counts as opting out. */
function mayNotRun({ spec }: CompiledPolicy, { reason }: Finding): boolean {
  return spec.prefer === 'Security' || (spec.optOut === 'Forbidden' && optsOut(reason));
}
