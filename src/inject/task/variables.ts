import type { Finding } from '../../model/decision.js';
import { isObject, listOf, type JsonObject, type JsonValue } from '../../model/json.js';
import type { TaskEnv, TaskRecipe, TaskSecret } from '../../model/task-recipe.js';
import type { GivenSecret } from './plan.js';
import { fieldOf, type TaskContainerView, type TaskView } from './view.js';

/** Names that a container's `environment` and `secrets` set; ECS refuses a name that is in both. */
export function variablesOf(view: TaskView, container: TaskContainerView): ReadonlyMap<string, JsonValue | undefined> {
  const names = new Map<string, JsonValue | undefined>();
  for (const [field, source] of [
    ['secrets', 'valueFrom'],
    ['environment', 'value'],
  ] as const) {
    for (const item of listOf(fieldOf(view, container.value, field))) {
      const name = isObject(item) ? fieldOf(view, item, 'name') : undefined;
      if (typeof name === 'string' && isObject(item)) names.set(name, fieldOf(view, item, source));
    }
  }
  return names;
}

/** A variable as it is in `secrets`. */
export function secretVariable({ name, valueFrom }: GivenSecret): JsonObject {
  return { name, valueFrom: filledIn(valueFrom) };
}

/** A text; what has `${Name}` in it is for CloudFormation to fill in. */
export function filledIn(text: string): JsonValue {
  return text.includes('${') ? { 'Fn::Sub': text } : text;
}

/** A container's name where it is referred to; one that CloudFormation puts together is put together there as well. */
export function nameIn({ dialect }: TaskView, name: string): JsonValue {
  return dialect.format === 'cloudformation' ? filledIn(name) : name;
}

/** A variable as it is in `environment`. */
export function plainVariable({ name, value }: TaskEnv): JsonObject {
  return { name, value };
}

/** The secrets whose source is known, and what stands for those that a Dockerrun cannot have. */
export function keysIn(
  view: TaskView,
  { agent }: TaskRecipe,
): { readonly secrets: readonly GivenSecret[]; readonly placeholders: readonly TaskEnv[] } {
  const standsFor = (secret: TaskSecret): readonly TaskEnv[] =>
    view.dialect.format !== 'dockerrun' || secret.dockerrunPlaceholder === undefined
      ? []
      : [{ name: secret.name, value: secret.dockerrunPlaceholder, fargateOnly: false }];
  return {
    secrets: agent.secrets.filter((secret) => standsFor(secret).length === 0).filter(hasSource),
    placeholders: agent.secrets.flatMap(standsFor),
  };
}

/** Remarks an agent without its access key. One whose every start would wait for the key is not written at all. */
export function missingKey(
  view: TaskView,
  recipe: TaskRecipe,
  agent: TaskContainerView | undefined,
  remarks: Finding[],
): Finding | undefined {
  const present = agent === undefined ? undefined : variablesOf(view, agent);
  const [placeholder] = keysIn(view, recipe).placeholders;
  if (placeholder !== undefined) {
    const { name } = placeholder;
    if (agent === undefined || present?.has(name) === true) {
      const detail = `a Dockerrun has no secrets: take ${name} out of the environment of ${agent?.name ?? 'the agent'}, and set it as an environment property, from a secret`;
      remarks.push({ reason: 'dockerrun_without_secrets', detail });
    }
    return undefined;
  }
  const missing = recipe.agent.secrets.find(
    ({ name, valueFrom }) => valueFrom === undefined && present?.has(name) !== true,
  );
  if (missing === undefined) {
    const plain = recipe.agent.secrets.find(({ name }) => agent !== undefined && isPlain(view, agent, name));
    if (plain !== undefined) {
      const detail = `container ${agent?.name ?? ''} has ${plain.name} in its environment; move it to secrets`;
      remarks.push({ reason: 'access_key_in_plain_text', detail });
    }
    return undefined;
  }
  const detail = `${missing.name} has no source; give the setting ${recipe.agent.secretSetting ?? ''}`;
  if (recipe.prefer === 'Security') return { reason: 'credentials_missing', detail };
  remarks.push({ reason: 'access_key_not_given', detail });
  return undefined;
}

function isPlain(view: TaskView, container: TaskContainerView, variable: string): boolean {
  return listOf(fieldOf(view, container.value, 'environment')).some(
    (item) => isObject(item) && fieldOf(view, item, 'name') === variable,
  );
}

function hasSource(secret: TaskSecret): secret is GivenSecret {
  return secret.valueFrom !== undefined;
}
