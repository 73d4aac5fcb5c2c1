import { compileGlobs, type TextMatcher } from '../model/glob.js';
import type { Cover, Policy, PolicySpec, Prefer } from '../model/policy.js';
import type { ReasonCode } from '../model/reasons.js';
import type { LabelSelector } from '../model/selector.js';
import { compileExclusions, type ExclusionMatcher } from './exclude.js';
import { compileSelector, type LabelMatcher } from './selector.js';

/** What is known about every policy, valid or not: what it selects and how it ranks. */
interface Contender {
  readonly name: string;
  readonly precedence: number;
  readonly matchesNamespace: LabelMatcher;
  readonly matchesPod: LabelMatcher;
}

/** A valid policy with its selectors and globs compiled. Made once for each change of the policy, not for each pod. */
export interface CompiledPolicy extends Contender {
  readonly valid: true;
  readonly spec: PolicySpec;
  readonly include: ContainerMatcher;
  readonly exclude: ExclusionMatcher;
  readonly cover: ReadonlySet<Cover>;
  /** `admitUninstrumented` as a set, with the reasons that it implies. */
  readonly admits: ReadonlySet<ReasonCode>;
}

/**
 * A policy that is not valid and has no last valid version. It still wins by its rank, so that breaking a Security
 * policy does not open its namespaces (E41). Whether it allows opting out is not known, so nobody can opt out of it.
 */
export interface InvalidPolicy extends Contender {
  readonly valid: false;
  readonly prefer: Prefer;
  readonly mode: PolicySpec['mode'];
  /** What is wrong with it, as text for people. */
  readonly problem: string;
}

/** A policy as it competes for a pod. */
export type RankedPolicy = CompiledPolicy | InvalidPolicy;

/** Every policy, in the order in which they win. Made by `rankPolicies`. */
export interface PolicySet {
  readonly ranked: readonly RankedPolicy[];
}

/** Says whether a container is meant by its name or its image. `image` is the text that is in the pod. */
export type ContainerMatcher = (name: string, image: string | undefined) => boolean;

/** Compiles a policy that passed `policySchema`. */
export function compilePolicy(policy: Policy): CompiledPolicy {
  const { spec } = policy;
  return {
    valid: true,
    name: policy.metadata.name,
    precedence: spec.precedence,
    matchesNamespace: compileSelector(spec.match.namespaceSelector),
    matchesPod: compileSelector(spec.match.podSelector),
    spec,
    include: compileContainerGlobs(spec.containers.include),
    exclude: compileExclusions(spec),
    cover: new Set(spec.containers.cover),
    admits: admitted(spec.admitUninstrumented),
  };
}

/**
 * A policy that admits a container that has to be process 1 also admits the pod that it keeps from being instrumented
 * (F22).
 */
function admitted(reasons: readonly ReasonCode[]): ReadonlySet<ReasonCode> {
  const admits = new Set(reasons);
  if (admits.has('pid1_entrypoint')) admits.add('pid1_in_pod');
  return admits;
}

/** The parts of an invalid policy that could be read. */
export interface KnownOfPolicy {
  readonly name: string;
  readonly precedence: number;
  readonly prefer: Prefer;
  readonly mode: PolicySpec['mode'];
  readonly namespaceSelector: LabelSelector;
  readonly podSelector: LabelSelector;
}

/** Makes the stand-in for an invalid policy; `problem` says what is wrong with it. */
export function invalidPolicy(known: KnownOfPolicy, problem: string): InvalidPolicy {
  return {
    valid: false,
    name: known.name,
    precedence: known.precedence,
    prefer: known.prefer,
    mode: known.mode,
    matchesNamespace: compileSelector(known.namespaceSelector),
    matchesPod: compileSelector(known.podSelector),
    problem,
  };
}

/** Puts policies in the order in which they win: the highest precedence, then the first by name (code units). */
export function rankPolicies(policies: Iterable<RankedPolicy>): PolicySet {
  const ranked = [...policies].sort(
    (a, b) => b.precedence - a.precedence || (a.name < b.name ? -1 : Number(a.name > b.name)),
  );
  return { ranked };
}

const imagePrefix = 'image:';

/** Compiles globs on container names or, with `image:` in front, on images. */
function compileContainerGlobs(patterns: readonly string[]): ContainerMatcher {
  const onName: TextMatcher = compileGlobs(patterns.filter((pattern) => !pattern.startsWith(imagePrefix)));
  const imageGlobs = patterns.filter((pattern) => pattern.startsWith(imagePrefix));
  if (imageGlobs.length === 0) return onName;
  const onImage = compileGlobs(imageGlobs.map((pattern) => pattern.slice(imagePrefix.length)));
  return (name, image) => onName(name) || (image !== undefined && onImage(image));
}
