import jsonpatch from 'fast-json-patch';
import { isCarriedOut } from '../../engine/findings.js';
import type { JsonObject } from '../../model/json.js';
import type { Operation } from '../../model/patch.js';
import type { FoundTemplate, NewTemplate } from '../preview/look.js';
import type { Asker } from './asker.js';
import { toldApartBy } from './told-apart.js';
import type { Verdict } from './verdict.js';

/** Asks about the pods of a template that was decided on, if the policies put anything into them. */
export async function askAbout(decided: NewTemplate, asker: Pick<Asker, 'ask'>): Promise<Verdict> {
  const { template, namespace, then } = decided;
  const { outcome, denial } = then;
  if (denial !== undefined || outcome.decision.decision === 'deny') return { kind: 'not_asked', why: 'denied' };
  if (outcome.patch.length === 0 || !isCarriedOut(outcome.decision)) return { kind: 'not_asked', why: 'nothing_added' };
  return asker.ask({
    namespace,
    maker: makerOf(decided),
    bare: template.pod,
    instrumented: patched(template.pod, outcome.patch),
    policy: outcome.decision.policy ?? '',
  });
}

/** What tells a template's pods apart from those of another that is decided alike. */
export function apart(found: FoundTemplate): string {
  return toldApartBy({ namespace: found.namespace, maker: makerOf(found), pod: found.template.pod });
}

function makerOf({ template, object }: Pick<FoundTemplate, 'template' | 'object'>) {
  const { apiVersion = 'v1', kind, name = '' } = template;
  return { apiVersion, kind, name, object };
}

function patched(pod: JsonObject, operations: readonly Operation[]): JsonObject {
  return jsonpatch.applyPatch<JsonObject>(pod, structuredClone([...operations]), true, false).newDocument;
}
