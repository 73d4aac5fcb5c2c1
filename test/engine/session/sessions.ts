import type { Engine } from '../../../src/engine/engine.js';
import { decideExec, type ExecRequest } from '../../../src/engine/session/exec.js';
import type { SessionOutcome } from '../../../src/engine/session/outcome.js';
import type { JsonObject } from '../../../src/model/json.js';
import { throughTheServer } from '../../support/cluster.js';
import { decideNow } from '../../support/engine.js';
import { patched } from '../../support/json.js';

/** A pod as it runs, made by the engine. */
export function running(pod: JsonObject, engine: Engine): JsonObject {
  return throughTheServer(patched(pod, decideNow(pod, engine).patch));
}

export const jo = { username: 'jo@example.com', groups: ['developers', 'system:authenticated'] };

/** Asks one door about a command. */
export function askExec(
  pod: JsonObject,
  engine: Engine,
  command: readonly string[],
  about: Partial<ExecRequest> = {},
): SessionOutcome {
  const usual = { kind: 'exec', door: 'validate', namespace: 'shop', namespaceLabels: {}, user: jo } as const;
  return decideExec({ ...usual, container: 'web', command, ...about }, pod, engine);
}

/** What both doors come to: the command as it is started, and what the validating door says about it. */
export function throughBoth(
  pod: JsonObject,
  engine: Engine,
  command: readonly string[],
  about: Partial<ExecRequest> = {},
): { readonly started: readonly string[]; readonly said: SessionOutcome } {
  const mutated = askExec(pod, engine, command, { ...about, door: 'mutate' });
  if (mutated.decision === 'denied') throw new Error('the mutating door denies');
  const started = mutated.front === undefined ? command : [...mutated.front, ...command];
  return { started, said: askExec(pod, engine, started, about) };
}
