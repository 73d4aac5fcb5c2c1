import fc from 'fast-check';
import t from 'tap';
import { stringify } from 'yaml';
import { readManifests } from '../../src/documents/manifest/manifest.js';
import { taskUndoOperations } from '../../src/documents/undo/task-undo.js';
import { undoRecord } from '../../src/documents/undo/undo.js';
import { editDocument } from '../../src/documents/edit/edit.js';
import type { TaskOutcome } from '../../src/engine/instrument-task.js';
import { isIntrinsic } from '../../src/inject/task/dialect.js';
import {
  isArray,
  isObject,
  listOf,
  objectOf,
  stringsOf,
  type JsonObject,
  type JsonValue,
} from '../../src/model/json.js';
import type { TaskTemplate } from '../../src/model/task.js';
import { engineWith, injectText, tasksOf } from './tasks.js';

const arn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:agent-AbCdEf';
const engines = {
  sysdig: engineWith('sysdig', { region: 'us2', accessKeySecretArn: arn }),
  datadog: engineWith('datadog', { accessKeySecretArn: arn }),
  'datadog-node': engineWith('datadog-node', { accessKeySecretArn: arn }),
};
const images = new Map([
  ['acme/both:1', { entrypoint: ['/bin/app', '$HOME'], cmd: ['run', '$$'] }],
  ['acme/cmd:1', { entrypoint: [], cmd: ['/app'] }],
  ['${Image}', { entrypoint: ['/by-ref'], cmd: [] }],
]);
const wrappers = {
  sysdig: '/opt/draios/bin/instrument',
  datadog: '/cws-instrumentation-volume/cws-instrumentation',
  // Wraps nothing.
  'datadog-node': undefined,
};

type Format = 'ecs' | 'cloudformation' | 'dockerrun';

const word = fc.constantFrom('/app', 'serve', '--x=$(Y)', '$$', 'ü', '', '- a', '#no');
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });

/** A value, or a function of CloudFormation in its place where the format has them. */
function orFunction<T extends JsonValue>(format: Format, value: fc.Arbitrary<T>, weight = 1): fc.Arbitrary<JsonValue> {
  const plain = value.map((each): JsonValue => each);
  if (format !== 'cloudformation') return plain;
  const functions = fc.oneof(
    fc.constant<JsonValue>({ Ref: 'Image' }),
    fc.constant<JsonValue>({ 'Fn::Sub': '${AWS::StackName}-x' }),
    fc.constant<JsonValue>({ 'Fn::GetAtt': ['Db', 'Endpoint.Address'] }),
    plain.map((each): JsonValue => ({ 'Fn::If': ['Prod', each, { Ref: 'AWS::NoValue' }] })),
    fc.constant<JsonValue>({ 'Fn::Join': ['', ['a', { Ref: 'B' }]] }),
  );
  return fc.oneof({ weight: 5, arbitrary: plain }, { weight, arbitrary: functions });
}

function named(fields: Readonly<Record<string, fc.Arbitrary<JsonValue | undefined>>>): fc.Arbitrary<JsonObject> {
  return fc
    .record(fields)
    .map((record) => Object.fromEntries(Object.entries(record).filter(([, v]) => v !== undefined)));
}

function containerOf(format: Format): fc.Arbitrary<JsonObject> {
  const words = fc.array(orFunction(format, word), { maxLength: 3 });
  const variable = fc.record({
    name: fc.constantFrom('A', 'B', 'SYSDIG_SIDECAR', 'DD_SITE'),
    value: orFunction(format, word),
  });
  const variables = fc.uniqueArray(variable, { maxLength: 3, selector: ({ name }) => name });
  const capabilities = fc.uniqueArray(fc.constantFrom('NET_RAW', 'SYS_PTRACE', 'MKNOD'), { maxLength: 2 });
  return named({
    image: orFunction(format, fc.constantFrom('acme/both:1', 'acme/cmd:1', 'acme/unknown:1', 'datadog/agent:7'), 2),
    essential: maybe(fc.boolean()),
    entryPoint: maybe(orFunction(format, words)),
    command: maybe(orFunction(format, words)),
    environment: maybe(orFunction(format, variables)),
    secrets: maybe(fc.constant([{ name: 'TOKEN', valueFrom: '/token' }])),
    linuxParameters: maybe(
      named({
        initProcessEnabled: maybe(fc.boolean()),
        capabilities: maybe(named({ add: maybe(capabilities), drop: maybe(fc.constant(['CHOWN'])) })),
      }),
    ),
    volumesFrom: maybe(fc.constantFrom([], [{ sourceContainer: 'c0', readOnly: true }])),
    mountPoints: maybe(
      fc.constantFrom(
        [],
        [{ sourceVolume: 'tmp', containerPath: '/tmp' }],
        [{ sourceVolume: 'p', containerPath: '/host/proc', readOnly: true }],
        [{ sourceVolume: 'p', containerPath: '/host' }],
      ),
    ),
    dependsOn: maybe(fc.constantFrom([], [{ containerName: 'c0', condition: 'START' }])),
    user: maybe(fc.constantFrom('0', '1000:1000')),
    privileged: maybe(fc.constant(false)),
    dockerLabels: format === 'ecs' ? maybe(fc.constant({ team: 'a/b~c' })) : fc.constant(undefined),
  });
}

function taskOf(format: Format): fc.Arbitrary<JsonObject> {
  return fc
    .record({
      containers: fc.array(containerOf(format), { minLength: 1, maxLength: 4 }),
      rest: named({
        volumes: maybe(
          fc.constantFrom<JsonValue>(
            [{ name: 'tmp' }],
            [
              { name: 'root', host: { sourcePath: '/srv' } },
              { name: 'p', host: { sourcePath: '/proc' } },
            ],
          ),
        ),
        pidMode: format === 'dockerrun' ? fc.constant(undefined) : maybe(fc.constant('task')),
        networkMode: maybe(fc.constantFrom('awsvpc', 'bridge')),
        requiresCompatibilities: maybe(fc.constantFrom(['FARGATE'], ['EC2'])),
        memory: maybe(fc.constant('512')),
      }),
    })
    .map(({ containers, rest }) => ({
      ...rest,
      containerDefinitions: containers.map((container, index) => ({ name: `c${index}`, ...container })),
    }));
}

function pascal(value: JsonValue): JsonValue {
  if (isArray(value)) return value.map(pascal);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      isIntrinsic(value) ? key : key.charAt(0).toUpperCase() + key.slice(1),
      pascal(item ?? null),
    ]),
  );
}

/** Flow style YAML in which functions have their short form. */
function shortForm(value: JsonValue): string {
  if (isArray(value)) return `[${value.map(shortForm).join(', ')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => [key, item ?? null] as const);
  const [first] = entries;
  if (first !== undefined && isIntrinsic(value)) {
    const [key, inner] = first;
    const text = key === 'Fn::GetAtt' && (stringsOf(inner) ?? []).join('.');
    return `!${key.replace('Fn::', '')} ${text}`;
  }
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}: ${shortForm(item)}`).join(', ')}}`;
}

interface Sample {
  readonly format: Format;
  readonly text: string;
}

const samples: fc.Arbitrary<Sample> = fc.constantFrom<Format>('ecs', 'cloudformation', 'dockerrun').chain((format) =>
  fc
    .record({ tasks: fc.array(taskOf(format), { minLength: 1, maxLength: 2 }), style: fc.constantFrom(0, 1, 2, 3) })
    .map(({ tasks, style }) => {
      const [task = {}] = tasks;
      const document: JsonObject =
        format === 'cloudformation'
          ? {
              Resources: Object.fromEntries(
                tasks.map((each, index) => [
                  `T${index}`,
                  { Type: 'AWS::ECS::TaskDefinition', Properties: pascal(each), DependsOn: 'X' },
                ]),
              ),
            }
          : format === 'dockerrun'
            ? { AWSEBDockerrunVersion: 2, ...task }
            : { family: 'f', ...task };
      if (style === 0) return { format, text: JSON.stringify(document) };
      if (style === 1) return { format, text: `${JSON.stringify(document, undefined, 2)}\n` };
      if (style === 2) return { format, text: stringify(document, { version: '1.1', lineWidth: 0 }) };
      return {
        format,
        text: `Top: 1\n${Object.entries(document)
          .map(([key, item]) => `${key}: ${shortForm(item ?? null)}\n`)
          .join('')}`,
      };
    }),
);

function dataOf(text: string): string {
  return JSON.stringify(readManifests(text, 'test').map(({ value }) => value));
}

function undo(text: string, original: readonly TaskTemplate[], outcomes: readonly TaskOutcome[]): string {
  const operations = tasksOf(text).flatMap((template, index) => {
    const before = original[index];
    const patch = outcomes[index]?.patch ?? [];
    const record =
      template.format === 'dockerrun' && before !== undefined ? undoRecord(before.value, patch) : undefined;
    return taskUndoOperations(template, record).map((each) => ({ ...each, path: `${template.path}${each.path}` }));
  });
  return editDocument(text, operations);
}

function containersOf({ value, format }: TaskTemplate): readonly JsonObject[] {
  const list =
    format === 'cloudformation'
      ? objectOf(value['Properties'])?.['ContainerDefinitions']
      : value['containerDefinitions'];
  return listOf(list).filter(isObject);
}

for (const profile of ['sysdig', 'datadog', 'datadog-node'] as const) {
  t.test(`property: ${profile}: once is enough, uninject is its inverse, and nobody else is touched`, async (t) => {
    let injected = 0;
    await fc.assert(
      fc.asyncProperty(samples, async ({ text, format }) => {
        const engine = engines[profile];
        const before = tasksOf(text);
        const first = await injectText(text, engine, images);
        const again = await injectText(first.text, engine, images);
        if (again.text !== first.text) throw new Error(`not idempotent:\n${first.text}\n---\n${again.text}`);
        if (dataOf(undo(first.text, before, first.outcomes)) !== dataOf(text)) throw new Error('not what it was');

        for (const [index, after] of tasksOf(first.text).entries()) {
          const field = (name: string): string =>
            format === 'cloudformation' ? name.charAt(0).toUpperCase() + name.slice(1) : name;
          const old = before[index] === undefined ? [] : containersOf(before[index]);
          const now = containersOf(after);
          const plan = first.outcomes[index]?.plan;
          const planned = new Set(plan?.workload.map(({ container }) => container.index));
          if (plan !== undefined) injected += 1;
          const agent = plan?.parts.find(({ part }) => part === 'agent')?.present?.index;
          for (const [at, container] of old.entries()) {
            const found = now[at] ?? {};
            if (at === agent) {
              for (const [list, key] of [
                ['environment', 'name'],
                ['mountPoints', 'containerPath'],
              ] as const) {
                const keys = listOf(found[field(list)]).map((each) => objectOf(each)?.[field(key)]);
                const set = keys.filter((each) => each !== undefined);
                if (new Set(set).size !== set.length) throw new Error(`${list} of the agent twice`);
              }
              t.same(found[field('image')], container[field('image')], 'an agent that is there keeps its image');
              continue;
            }
            if (!planned.has(at)) {
              t.same(found, container, 'a container that is left out stays as it is');
              continue;
            }
            const entryPoint = listOf(found[field('entryPoint')]);
            const command = listOf(found[field('command')]);
            if (entryPoint[0] !== wrappers[profile]) throw new Error('not wrapped');
            const given = listOf(container[field('entryPoint')]);
            // One empty word is Docker's way to say that there is none.
            const had = JSON.stringify(given) === '[""]' ? [] : given;
            const words = JSON.stringify(entryPoint.slice(-had.length || entryPoint.length));
            if (had.length > 0 && words !== JSON.stringify(had)) throw new Error('entryPoint lost');
            const hadCommand = listOf(container[field('command')]);
            if (hadCommand.length > 0) t.same(command, hadCommand, 'a command that is given stays');
            else if (had.length > 0) t.same(command, hadCommand, 'an own entryPoint never had the image’s CMD');
            const parameters = objectOf(found[field('linuxParameters')]);
            const added = listOf(objectOf(parameters?.[field('capabilities')])?.[field('add')]);
            if (added.filter((each) => each === 'SYS_PTRACE').length !== 1) throw new Error('capability');
            const variables = listOf(found[field('environment')]).map((each) => objectOf(each)?.[field('name')]);
            const set = variables.filter((each) => each !== undefined);
            if (new Set(set).size !== set.length) throw new Error('a variable twice');
          }
          for (const own of now.slice(old.length)) {
            const text = JSON.stringify(own[field('environment')] ?? []);
            if (/"(A|B|TOKEN)"/.test(text)) throw new Error('application env in the agent');
          }
        }
      }),
      { numRuns: 80 },
    );
    t.ok(injected > 30, `${injected} tasks were instrumented`);
  });
}
