import type { Part, Terms } from '../../../../src/inject/pod/differences/difference.js';
import type { JsonObject } from '../../../../src/model/json.js';
import type { AllowedDifference } from '../../../../src/model/recipe.js';
import { plainFacts } from '../../../support/engine.js';

/** What a comparison goes by, in a cluster of today. */
export function termsWith(
  more: {
    readonly part?: Part;
    readonly volumes?: readonly JsonObject[];
    readonly openShift?: boolean;
    readonly ownPartsMayDiffer?: readonly AllowedDifference[];
    readonly minimumLimits?: Readonly<Record<string, string>>;
    readonly ownLimits?: Readonly<Record<string, string>>;
    readonly reservedEnv?: readonly string[];
  } = {},
): Terms {
  return {
    part: more.part ?? 'agent',
    facts: { ...plainFacts, openShift: more.openShift ?? false, ownPartsMayDiffer: more.ownPartsMayDiffer ?? [] },
    volumes: more.volumes ?? [],
    minimumLimits: () => more.minimumLimits,
    ownLimits: () => more.ownLimits,
    reservedEnv: new Set(more.reservedEnv),
  };
}
