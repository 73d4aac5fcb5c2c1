/**
 * CEL conditions that are true for requests about a running pod that Outrider has to judge. The API server evaluates
 * them itself, so exempt users are not affected by an outage.
 */
import { exemptPrefix } from '../../policy/exempt.js';
import type { MatchCondition } from './match-conditions.js';

/** The users whose requests are not judged. */
export interface Callers {
  readonly users: readonly string[];
  readonly groups: readonly string[];
}

/** Excludes the requests of some callers from a webhook; `undefined` if there are no such callers. */
export function unlessFrom({ users, groups }: Callers): MatchCondition | undefined {
  const tests = [
    ...(users.length === 0 ? [] : [`has(request.userInfo.username) && request.userInfo.username in ${celList(users)}`]),
    ...(groups.length === 0
      ? []
      : [`has(request.userInfo.groups) && request.userInfo.groups.exists(group, group in ${celList(groups)})`]),
  ];
  if (tests.length === 0) return undefined;
  return { name: `${exemptPrefix}callers`, expression: tests.map((test) => `!(${test})`).join(' && ') };
}

/**
 * Excludes updates of pods that leave every image as it is from a webhook: finalizers, scheduling gates, labels,
 * tolerations. A resize has its own resource, which is used for nothing else. No condition can fail, because it first checks
 * whether a field exists.
 */
export const unlessSameImages: MatchCondition = {
  name: `${exemptPrefix}same-images`,
  expression: [
    "has(request.subResource) && request.subResource == 'resize'",
    ...['containers', 'initContainers'].map((list) => `${imagesIn('object', list)} != ${imagesIn('oldObject', list)}`),
  ].join(' || '),
};

function imagesIn(object: 'object' | 'oldObject', list: string): string {
  const containers = `${object}.spec.${list}`;
  return `(has(${containers}) ? ${containers}.map(c, has(c.image) ? c.image : '') : [])`;
}

function celList(texts: readonly string[]): string {
  return `[${[...new Set(texts)].sort().map(celText).join(', ')}]`;
}

/** A CEL string. Characters other than plain ones are written as numbers, because CEL does not accept JSON's surrogates. */
function celText(text: string): string {
  const escaped = text
    .replace(/["\\]/g, '\\$&')
    .replace(/[^ -~]/gu, (character) => `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`);
  return `"${escaped}"`;
}
