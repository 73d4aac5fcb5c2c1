/**
 * The questions that a decision asked its engine, and the answers. The same pod gets the same decision as long as the
 * same questions get the same answers.
 */
import type { ImageOutcome, ImageResolver } from '../model/image.js';
import type { PodNodes } from '../model/recipe.js';
import type { Credentials, Engine } from './engine.js';
import type { KnownLimits } from './known-limits.js';
import type { TakenBack } from '../model/taken-back.js';

/** Gives the signal under which a question is asked again. */
type Signal = () => AbortSignal;

/** The questions of one decision. */
export class Questions {
  readonly #asked: ((signal: Signal) => boolean)[] = [];
  #isWhole = true;

  /** Asks, and remembers question and answer. */
  ask<Answer>(
    question: (signal: Signal | undefined) => Answer,
    isSame: (one: Answer, other: Answer) => boolean,
  ): Answer {
    const answer = question(undefined);
    this.#asked.push((signal) => isSame(question(signal), answer));
    return answer;
  }

  /** Something had to be awaited, or failed: its result is not known here. */
  waits(): void {
    this.#isWhole = false;
  }

  /** Whether nothing had to be waited for, or failed. */
  get areWhole(): boolean {
    return this.#isWhole;
  }

  /** Whether all that was asked is known, and answered as it was. Asking has the effects that it had the first time. */
  areAnsweredAsBefore(signal: Signal): boolean {
    return this.#isWhole && this.#asked.every((asked) => asked(signal));
  }
}

/** Every field by name, so that a new one does not compile before it is said here how it is recorded. */
type Fields = { readonly [Key in keyof Required<Engine>]: Engine[Key] };

/** The engine, with every question that it is asked recorded. The rest of it is data, the same while the engine is. */
export function recorded(engine: Engine, questions: Questions): Engine {
  const { rules, facts, excludedNamespaces, images, secretState } = engine;
  const fields: Fields = {
    rules,
    facts,
    excludedNamespaces,
    images: recordedImages(images, questions),
    secretState: (...about) => questions.ask(() => secretState(...about), Object.is),
    credentials: engine.credentials && recordedCredentials(engine.credentials, questions),
    limits: engine.limits && recordedLimits(engine.limits, questions),
    takenBack: engine.takenBack && recordedTakenBack(engine.takenBack, questions),
    nodes: engine.nodes && recordedNodes(engine.nodes, questions),
  };
  const { credentials, limits, takenBack, nodes, ...others } = fields;
  return {
    ...others,
    ...(credentials === undefined ? {} : { credentials }),
    ...(limits === undefined ? {} : { limits }),
    ...(takenBack === undefined ? {} : { takenBack }),
    ...(nodes === undefined ? {} : { nodes }),
  };
}

function recordedImages(images: ImageResolver, questions: Questions): ImageResolver {
  return {
    known: (request) => questions.ask(() => images.known(request), isSameImage),
    lookUp: (request, signal) => {
      questions.waits();
      return images.lookUp(request, signal);
    },
  };
}

function isSameImage(one: ImageOutcome | undefined, other: ImageOutcome | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  if (!one.ok || !other.ok) return !one.ok && !other.ok && one.reason === other.reason && one.detail === other.detail;
  return one.config === other.config && one.source === other.source && one.digest === other.digest;
}

function recordedCredentials(credentials: Credentials, questions: Questions): Credentials {
  return {
    prepare: (namespace, rule, effects, signal) =>
      questions.ask((again) => credentials.prepare(namespace, rule, effects, again ?? signal), isNothingToWaitFor),
    detail: (...about) => questions.ask(() => credentials.detail(...about), Object.is),
    version: (...about) => questions.ask(() => credentials.version(...about), Object.is),
  };
}

function recordedLimits(limits: KnownLimits, questions: Questions): KnownLimits {
  return {
    of: (namespace) => questions.ask(() => limits.of(namespace), Object.is),
    trouble: (namespace) => questions.ask(() => limits.trouble(namespace), Object.is),
    prepare: (namespace, door, signal) =>
      questions.ask((again) => limits.prepare(namespace, door, again ?? signal), isNothingToWaitFor),
  };
}

function recordedTakenBack(takenBack: TakenBack, questions: Questions): TakenBack {
  return {
    of: (workload) => questions.ask(() => takenBack.of(workload), Object.is),
    // An answer that is found to be different is thrown away, so it takes nothing.
    mayTry: (entry, takes) =>
      questions.ask((again) => takenBack.mayTry(entry, again === undefined && takes), Object.is),
  };
}

/** The reason is only needed when everything is recorded. */
function recordedNodes(nodes: PodNodes, questions: Questions): PodNodes {
  return {
    imageVolumes: (spec) =>
      questions.ask(
        () => nodes.imageVolumes(spec),
        ({ holds }, other) => holds === other.holds,
      ),
    isSameForAll: () => questions.ask(() => nodes.isSameForAll(), Object.is),
  };
}

function isNothingToWaitFor(now: Promise<void> | undefined, before: Promise<void> | undefined): boolean {
  return now === undefined && before === undefined;
}
