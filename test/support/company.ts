import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { JsonObject } from '../../src/model/json.js';
import * as edits from './company-edits.js';
import { draft, draftsOf, listAt, nameOf, objectAt, type DraftObject } from './json.js';

// Other admission actors as data: what each adds to a pod, container by container, in the order in which its own
// source does it. The files are in test/fixtures/company, with a README that says what was read where.

const folder = new URL('../../../test/fixtures/company/', import.meta.url);

const object = z.record(z.string(), z.json());
const place = z.enum(['first', 'last']);
const list = z.enum(['containers', 'initContainers']);
const named = z.looseObject({ name: z.string() });
/** Places of the pod, as `targetsAt` reads them; one that is not there is passed over. */
const at = z.array(z.string()).nonempty();
/** The containers that a step is about; `but` takes names out. */
const whom = {
  to: z.enum(['every', 'containers', 'initContainers', 'firstContainer']),
  but: z.array(z.string()).optional(),
};

const step = z.discriminatedUnion('do', [
  /** Fills in what is absent; nothing at all where the pod has a field at `unless`. */
  z.strictObject({ do: z.literal('default'), at, value: object, unless: z.string().optional() }),
  z.strictObject({ do: z.literal('set'), at, value: object }),
  z.strictObject({ do: z.literal('union'), at, list: z.string(), values: z.array(z.string()) }),
  z.strictObject({ do: z.literal('requestsFromLimits') }),
  /** Adds each variable whose name the container does not have. */
  z.strictObject({ do: z.literal('addEnv'), ...whom, place, variables: z.array(named) }),
  z.strictObject({ do: z.literal('joinEnv'), ...whom, place, variable: named, separator: z.string() }),
  z.strictObject({
    do: z.literal('addMounts'),
    ...whom,
    place,
    unless: z.enum(['sameName', 'samePath', 'sameNameOrPath', 'never']),
    mounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })),
  }),
  z.strictObject({ do: z.literal('addVolumes'), place, volumes: z.array(named) }),
  z.strictObject({ do: z.literal('addContainers'), list, place, containers: z.array(named) }),
  z.strictObject({ do: z.literal('move'), list, name: z.string(), place }),
  z.strictObject({ do: z.literal('metadata'), annotations: object.optional(), labels: object.optional() }),
  /** Adds to a list that is in one annotation. */
  z.strictObject({ do: z.literal('joinAnnotation'), name: z.string(), member: z.string() }),
  z.strictObject({ do: z.literal('addTolerations'), tolerations: z.array(z.looseObject({ key: z.string() })) }),
]);

const companySchema = z.strictObject({
  actor: z.string().min(1),
  source: z.strictObject({
    repository: z.string().min(1),
    version: z.string().min(1),
    paths: z.array(z.string().min(1)).nonempty(),
  }),
  /** `source`: read in the code. `documentation`, `observed`: the code is not public. */
  evidence: z.enum(['source', 'documentation', 'observed']),
  /** A plug-in runs before the webhooks, and again after them where they changed the pod; decoding is at each step. */
  runs: z.enum(['decoding', 'plugin', 'webhook']),
  /** The name of the webhook's configuration, by which the API server orders them, and its `reinvocationPolicy`. */
  webhook: z
    .strictObject({ configuration: z.string(), reinvocation: z.enum(['Never', 'IfNeeded', 'unknown']) })
    .optional(),
  /** The annotation of the pod that keeps a container out (`not`), or alone lets it in (`only`). */
  skip: z
    .strictObject({
      annotation: z.string(),
      separator: z.string(),
      trims: z.boolean(),
      means: z.enum(['not', 'only']),
      lists: z.array(list),
    })
    .optional(),
  /** The shape of the value of each variable that reaches others' containers: an expression, or `fieldRef:` and a path. */
  shapes: z.record(z.string(), z.string()).optional(),
  notes: z.array(z.string()).optional(),
  adds: z.array(step),
});

/** What one other admission actor does to a pod. */
export type Company = z.infer<typeof companySchema>;
type Step = z.infer<typeof step>;
type StepTo = Extract<Step, { to: string }>;

/** Every actor of the folder, by its file's name without the ending. */
export function readCompanies(): ReadonlyMap<string, Company> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return new Map(files.sort().map((name) => [name.replace(/\.json$/, ''), readCompany(name)]));
}

function readCompany(file: string): Company {
  const parsed = companySchema.safeParse(JSON.parse(readFileSync(new URL(file, folder), 'utf8')));
  if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/**
 * The pod as the actor leaves it: all its containers are treated alike, ours too. The pod that is given stays as it is.
 * Whether the actor comes before or after an injection is the caller's choice.
 */
export function applyCompany(pod: JsonObject, company: Company): JsonObject {
  const copy = draft(pod);
  for (const one of company.adds) applyStep(copy, one, company);
  return copy;
}

function applyStep(pod: DraftObject, one: Step, company: Company): void {
  const spec = objectAt(pod, 'spec');
  const inPod = { node: pod, owner: pod };
  switch (one.do) {
    case 'default':
      if (one.unless !== undefined && edits.isThere(pod, one.unless)) return;
      for (const target of targetsOf(pod, one.at)) edits.fill(target.node, edits.filled(one.value, pod, target));
      return;
    case 'set':
      for (const target of targetsOf(pod, one.at)) edits.overwrite(target.node, edits.filled(one.value, pod, target));
      return;
    case 'union':
      for (const { node } of targetsOf(pod, one.at)) edits.unite(node, one.list, one.values);
      return;
    case 'requestsFromLimits':
      for (const container of containersOf(spec, 'every')) edits.requestsFromLimits(container);
      return;
    case 'addEnv':
      for (const { container, made } of inEach(pod, one, one.variables, company))
        edits.addNamed(container, 'env', made, one.place);
      return;
    case 'joinEnv':
      for (const { container, made } of inEach(pod, one, [one.variable], company))
        edits.joinEnv(container, made, one.separator, one.place);
      return;
    case 'addMounts':
      for (const { container, made } of inEach(pod, one, one.mounts, company))
        edits.addMount(container, made, one.unless, one.place);
      return;
    case 'addVolumes':
      for (const volume of one.volumes) edits.addNamed(spec, 'volumes', edits.filled(volume, pod, inPod), one.place);
      return;
    case 'addContainers':
      for (const container of one.containers)
        edits.addNamed(spec, one.list, edits.filled(container, pod, inPod), one.place);
      return;
    case 'move':
      edits.move(listAt(spec, one.list), one.name, one.place);
      return;
    case 'metadata':
      for (const field of ['annotations', 'labels'] as const)
        edits.overwrite(objectAt(objectAt(pod, 'metadata'), field), edits.filled(one[field] ?? {}, pod, inPod));
      return;
    case 'joinAnnotation':
      edits.joinText(objectAt(objectAt(pod, 'metadata'), 'annotations'), one.name, one.member);
      return;
    case 'addTolerations':
      for (const toleration of one.tolerations)
        if (!draftsOf(spec['tolerations']).some(({ key }) => key === toleration.key))
          listAt(spec, 'tolerations').push(edits.filled(toleration, pod, inPod));
  }
}

function targetsOf(pod: DraftObject, places: readonly string[]): readonly edits.Target[] {
  return places.flatMap((path) => edits.targetsAt(pod, path));
}

/** Each value of a step, made for each container that the step is about. */
function inEach(pod: DraftObject, one: StepTo, values: readonly object[], company: Company): readonly Made[] {
  return chosen(pod, one, company).flatMap((container) => {
    const target = { node: container, owner: container };
    return values.map((value) => ({ container, made: edits.filled(value, pod, target) }));
  });
}

interface Made {
  readonly container: DraftObject;
  readonly made: DraftObject;
}

/** The containers that a step is about, without those that the pod's annotation keeps out. */
function chosen(pod: DraftObject, one: StepTo, { skip }: Company): readonly DraftObject[] {
  const spec = objectAt(pod, 'spec');
  const listed = skip && namesIn(pod, skip);
  const filtered = listed === undefined ? [] : (skip?.lists ?? []).flatMap((name) => draftsOf(spec[name]));
  const kept = filtered.filter((container) => listed?.includes(nameOf(container)) === (skip?.means === 'not'));
  return containersOf(spec, one.to).filter((container) => {
    return !kept.includes(container) && one.but?.includes(nameOf(container)) !== true;
  });
}

function namesIn(pod: DraftObject, skip: NonNullable<Company['skip']>): readonly string[] | undefined {
  const value = objectAt(objectAt(pod, 'metadata'), 'annotations')[skip.annotation];
  if (typeof value !== 'string') return undefined;
  return value.split(skip.separator).map((name) => (skip.trims ? name.trim() : name));
}

function containersOf(spec: DraftObject, to: StepTo['to']): readonly DraftObject[] {
  const main = draftsOf(spec['containers']);
  if (to === 'containers') return main;
  if (to === 'firstContainer') return main.slice(0, 1);
  const init = draftsOf(spec['initContainers']);
  return to === 'initContainers' ? init : [...init, ...main];
}
