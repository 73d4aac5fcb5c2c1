import { isDeepStrictEqual } from 'node:util';
import type { TaskOutcome } from '../../engine/instrument-task.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { valueAt } from '../../model/json-pointer.js';
import type { TaskTemplate } from '../../model/task.js';

/*
 * A Dockerrun keeps no record of what `inject` wrote. If its agent has the form that `inject` writes, but other values than
 * these settings give, it was most likely written for other settings, so it must not be reported as up to date (W18). An
 * agent that a person wrote in another form is theirs.
 */

/** Fields of an agent that `inject` writes. An agent with other fields is somebody's own. */
const fields: ReadonlySet<string> = new Set([
  ...['name', 'image', 'essential', 'environment', 'secrets', 'linuxParameters', 'mountPoints'],
  'dockerSecurityOptions',
  ...['cpu', 'memory', 'memoryReservation', 'healthCheck', 'logConfiguration'],
]);

/**
 * Finds where the agent of a Dockerrun differs from what these settings give.
 *
 * @param current the file as these settings leave it, with the decision about it
 * @param decide decides on a task
 * @returns a sentence; `undefined` if nothing differs, or the agent is not ours
 */
export async function unrecordedAgent(
  template: TaskTemplate,
  current: { readonly value: JsonObject; readonly outcome: TaskOutcome },
  decide: (template: TaskTemplate) => Promise<TaskOutcome>,
): Promise<string | undefined> {
  const { plan, agent: pointer } = current.outcome;
  if (plan === undefined || pointer === undefined) return undefined;
  const present = plan.parts.flatMap((part) => (part.present === undefined ? [] : [part.present.value]));
  const agent = plan.parts.find(({ part }) => part === 'agent')?.present?.value;
  if (agent === undefined) return undefined;
  const containers = listOf(template.value['containerDefinitions']).filter(
    (each) => !present.some((own) => own === each),
  );
  const without = { ...template, value: { ...template.value, containerDefinitions: containers } };
  const anew = (await decide(without)).plan?.parts.find(({ part }) => part === 'agent');
  const wanted = anew?.present === undefined ? anew?.value : undefined;
  if (wanted === undefined) return undefined;
  const keys = new Set(plan.recipe.agent.secrets.map(({ name }) => name));
  const found = objectOf(valueAt(current.value, pointer));
  if (found === undefined || !isOfOurForm(found, wanted, keys)) return undefined;
  const differs = difference(found, wanted, keys);
  if (differs === undefined) return undefined;
  const { at, has, gives } = differs;
  return `${pointer}${at} is ${has}, and these settings give ${gives}; a Dockerrun keeps no record of what inject wrote, and none that fits is given: give the --undo-file of that run, or take its containers out`;
}

function isOfOurForm(found: JsonObject, wanted: JsonObject, keys: ReadonlySet<string>): boolean {
  if (found['name'] !== wanted['name'] || !Object.keys(found).every((field) => fields.has(field))) return false;
  const names = (agent: JsonObject): readonly string[] => [...variablesOf(agent, keys).keys()].sort();
  return isDeepStrictEqual(names(found), names(wanted));
}

interface Difference {
  readonly at: string;
  readonly has: string;
  readonly gives: string;
}

function difference(found: JsonObject, wanted: JsonObject, keys: ReadonlySet<string>): Difference | undefined {
  for (const field of fields) {
    // Settings without a source for the key do not ask to remove it from the agent.
    const isOther = field === 'environment' || (field === 'secrets' && wanted[field] === undefined);
    if (isOther || isDeepStrictEqual(found[field], wanted[field])) continue;
    return { at: `/${field}`, has: shown(found[field]), gives: shown(wanted[field]) };
  }
  const given = variablesOf(wanted, keys);
  for (const [name, value] of variablesOf(found, keys)) {
    const gives = given.get(name);
    if (gives !== value) return { at: `: ${name}`, has: shown(value), gives: shown(gives) };
  }
  return undefined;
}

/** The variables of an agent except its keys. People are told to remove the placeholders of keys. */
function variablesOf(agent: JsonObject, keys: ReadonlySet<string>): ReadonlyMap<string, JsonValue | undefined> {
  return new Map(
    listOf(agent['environment'])
      .filter(isObject)
      .map(({ name, value }) => [stringOf(name) ?? '', value] as const)
      .filter(([name]) => !keys.has(name)),
  );
}

function shown(value: JsonValue | undefined): string {
  return value === undefined ? 'not there' : JSON.stringify(value);
}
