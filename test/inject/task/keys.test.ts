import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import {
  isArray,
  isObject,
  listOf,
  objectOf,
  parsedJson,
  type JsonObject,
  type JsonValue,
} from '../../../src/model/json.js';
import { dataOf, engineWith, injectText, tasksOf, undoText } from '../../engine/tasks.js';

const engines = {
  sysdig: engineWith('sysdig', { region: 'us2', accessKeySecretArn: '/k' }),
  datadog: engineWith('datadog', { accessKeySecretArn: '/k' }),
};
const instrument = '/opt/draios/bin/instrument';
const fixture = readFileSync(new URL('../../../../test/fixtures/tasks/task.json', import.meta.url), 'utf8');

function firstOf(text: string): JsonObject {
  const [first] = listOf(
    Object.entries(objectOf(parsedJson(text)) ?? {}).find(([key]) => /^containerdefinitions$/i.test(key))?.[1],
  );
  return objectOf(first) ?? {};
}

t.test('W3: `entrypoint` is the entryPoint, and is written back under its own key', async (t) => {
  const { text, outcomes } = await injectText(fixture, engines.sysdig);
  t.match(outcomes[0]?.decision, { decision: 'inject', reason: 'injected' });
  const main = firstOf(text);
  t.same(main['entrypoint'], [instrument, '/bin/sh', '-c']);
  t.same(main['command'], ['exec /app']);
  t.notOk('entryPoint' in main, 'there is one key, which every reader takes for the same');
  t.equal((await injectText(text, engines.sysdig)).text, text);
  t.equal(dataOf(undoText(text)), dataOf(fixture));
});

t.test('W3: lists in another case are added to under their key', async (t) => {
  const task = JSON.stringify({
    Family: 'shop',
    ContainerDefinitions: [
      {
        Name: 'web',
        Image: 'acme/web:1',
        EntryPoint: ['/web'],
        mountpoints: [{ sourcevolume: 'data', containerpath: '/data' }],
        dependson: [{ containername: 'db', condition: 'START' }],
        Environment: [{ Name: 'A', Value: 'b' }],
        linuxparameters: { Capabilities: { ADD: ['NET_RAW'] } },
        volumesfrom: [],
      },
      { name: 'db', image: 'acme/db:1', entryPoint: ['/db'] },
    ],
    Volumes: [{ Name: 'data' }],
  });
  const datadog = await injectText(task, engines.datadog);
  t.match(firstOf(datadog.text), {
    dependson: [
      { containername: 'db' },
      { containerName: 'datadog-agent' },
      { containerName: 'cws-instrumentation-init' },
    ],
    mountpoints: [{}, { sourceVolume: 'cws-instrumentation-volume' }],
    linuxparameters: { Capabilities: { ADD: ['NET_RAW', 'SYS_PTRACE'] } },
  });
  t.match(parsedJson(datadog.text), {
    Volumes: [{ Name: 'data' }, { name: 'cws-instrumentation-volume' }],
    pidMode: 'task',
  });
  const sysdig = await injectText(task, engines.sysdig);
  t.match(firstOf(sysdig.text), {
    volumesfrom: [{ sourceContainer: 'SysdigInstrumentation' }],
    Environment: [
      { Name: 'A', Value: 'b' },
      { name: 'SYSDIG_SIDECAR', value: 'auto' },
    ],
  });
  for (const { text } of [datadog, sysdig]) {
    t.equal(dataOf(undoText(text)), dataOf(task));
  }
});

t.test('W3: two keys that differ in case alone are refused by name', async (t) => {
  const both = [
    { entryPoint: ['/a'], entrypoint: ['/b'] },
    { entrypoint: null, entryPoint: ['/b'] },
    { environment: [{ name: 'A', Name: 'B', value: '' }], entryPoint: ['/b'] },
    { linuxParameters: { capabilities: { add: [], Add: [] } }, entryPoint: ['/b'] },
  ];
  for (const fields of both) {
    const task = JSON.stringify({ family: 't', containerDefinitions: [{ name: 'web', image: 'a', ...fields }] });
    const { text, outcomes } = await injectText(task, engines.sysdig);
    t.equal(text, task);
    t.match(outcomes[0]?.decision, { decision: 'skip', reason: 'task_unreadable' });
    t.match(outcomes[0]?.decision.detail, / is the same field as \w+ beside it/);
  }
});

t.test('W3: CloudFormation and Beanstalk know a field under one name: another case is refused by name', async (t) => {
  const web = { Name: 'web', Image: 'acme/web:1' };
  const cases: readonly (readonly [JsonObject, RegExp])[] = [
    [
      { ...web, Entrypoint: ['/x'] },
      /\/ContainerDefinitions\/0\/Entrypoint is not read: the field is called EntryPoint/,
    ],
    [{ ...web, entryPoint: ['/x'] }, /\/0\/entryPoint is not read: the field is called EntryPoint/],
    [{ ...web, EntryPoint: ['/x'], Mountpoints: [] }, /\/0\/Mountpoints is not read: the field is called MountPoints/],
    [{ ...web, EntryPoint: ['/x'], Environment: [{ name: 'A', Value: 'b' }] }, /\/Environment\/0\/name is not read/],
    [
      { ...web, EntryPoint: ['/x'], DependsOn: { 'Fn::If': ['P', [{ containerName: 'a' }], []] } },
      /containerName is not read/,
    ],
  ];
  for (const [container, words] of cases) {
    const template = JSON.stringify({
      Resources: { T: { Type: 'AWS::ECS::TaskDefinition', Properties: { ContainerDefinitions: [container] } } },
    });
    const { text, outcomes } = await injectText(template, engines.sysdig);
    t.equal(text, template);
    t.match(outcomes[0]?.decision, { decision: 'skip', reason: 'task_unreadable', detail: words });
  }
  const labels = { ...web, EntryPoint: ['/x'], DockerLabels: { name: 'mine', entrypoint: 'too' } };
  const own = JSON.stringify({
    Resources: { T: { Type: 'AWS::ECS::TaskDefinition', Properties: { ContainerDefinitions: [labels] } } },
  });
  t.equal(
    (await injectText(own, engines.sysdig)).outcomes[0]?.decision.decision,
    'inject',
    'a user’s own words are free',
  );
  const dockerrun = JSON.stringify({
    AWSEBDockerrunVersion: 2,
    containerDefinitions: [{ name: 'web', image: 'a', entrypoint: ['/x'] }],
  });
  t.match(
    (await injectText(dockerrun, engines.sysdig)).outcomes[0]?.decision.detail,
    /entrypoint is not read: the field is called entryPoint/,
  );
});

t.test('W3: an agent and its record under keys in another case', async (t) => {
  const task = JSON.stringify({
    containerDefinitions: [
      { name: 'web', image: 'acme/web:1', entryPoint: ['/web'] },
      {
        name: 'SysdigInstrumentation',
        image: 'quay.io/sysdig/workload-agent:6',
        dockerlabels: { team: 'x' },
        Secrets: [{ Name: 'SYSDIG_ACCESS_KEY', ValueFrom: '/mine' }],
      },
    ],
  });
  const { text } = await injectText(task, engines.sysdig);
  t.match(text, /"dockerlabels":\{"team":"x",\s*"outrider.dev\/undo"/);
  t.notMatch(text, '"dockerLabels":');
  t.equal(tasksOf(text).length, 1);
  t.equal((await injectText(text, engines.sysdig)).text, text);
  t.equal(dataOf(undoText(text)), dataOf(task));
});

/** A value with its keys in lower case, for comparing; a user's own words stay. */
function folded(value: JsonValue): JsonValue {
  if (isArray(value)) return value.map(folded);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key.toLowerCase(),
      /^(?:dockerlabels|options)$/i.test(key) ? null : folded(item ?? null),
    ]),
  );
}

/** Spells each key again; `choose` says how. */
function respelt(value: JsonValue, choose: (key: string) => string): JsonValue {
  if (isArray(value)) return value.map((item) => respelt(item, choose));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      choose(key),
      key === 'dockerLabels' || key === 'options' ? item : respelt(item ?? null, choose),
    ]),
  );
}

const spellings: readonly ((key: string) => string)[] = [
  (key) => key,
  (key) => key.toLowerCase(),
  (key) => key.toUpperCase(),
  (key) => key.charAt(0).toUpperCase() + key.slice(1),
  (key) => key.charAt(0).toUpperCase() + key.slice(1).toLowerCase(),
];
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const containers = fc.array(
  fc.record({
    image: fc.constantFrom('acme/a:1', 'public.ecr.aws/datadog/agent:7', 'quay.io/sysdig/workload-agent:6'),
    entryPoint: fc.constantFrom(['/a'], ['/b', 'c']),
    command: some(fc.constant(['x'])),
    environment: some(fc.constant([{ name: 'SYSDIG_SIDECAR', value: 'mine' }])),
    secrets: some(fc.constant([{ name: 'DD_API_KEY', valueFrom: '/k' }])),
    mountPoints: some(fc.constant([{ sourceVolume: 'v', containerPath: '/v', readOnly: true }])),
    dependsOn: some(fc.constant([{ containerName: 'c0', condition: 'SUCCESS' }])),
    linuxParameters: some(fc.constantFrom({ capabilities: { add: ['NET_RAW'] } }, { initProcessEnabled: true })),
    dockerLabels: some(fc.constant({ Name: 'mine' })),
    healthCheck: some(fc.constant({ command: ['CMD', 'kill', '-0', '1'] })),
  }),
  { minLength: 1, maxLength: 3 },
);

for (const profile of ['sysdig', 'datadog'] as const) {
  t.test(`W3: property: ${profile}: a task decides nothing by the case of its keys, and gets them back`, async () => {
    await fc.assert(
      fc.asyncProperty(
        containers,
        fc.constantFrom<JsonObject>(
          {},
          { volumes: [{ name: 'v' }], pidMode: 'task', requiresCompatibilities: ['FARGATE'] },
        ),
        fc.array(fc.constantFrom(...spellings), { minLength: 1, maxLength: 30 }),
        async (list, rest, ways) => {
          let spelt = 0;
          const task: JsonObject = {
            family: 'f',
            ...rest,
            containerDefinitions: list.map((container, index) => ({
              name: `c${index}`,
              ...Object.fromEntries(Object.entries(container).filter(([, value]) => value !== undefined)),
            })),
          };
          const exact = JSON.stringify(task);
          const other = JSON.stringify(respelt(task, (key) => ways[spelt++ % ways.length]?.(key) ?? key));
          const [first, second] = [
            await injectText(exact, engines[profile]),
            await injectText(other, engines[profile]),
          ];
          const [wanted, is] = [first, second].map(({ text }) => JSON.stringify(folded(parsed(text))));
          if (is !== wanted) throw new Error(`${is}\n${wanted}`);
          const [a, b] = [first, second].map(({ outcomes }) => outcomes[0]?.decision);
          if (a?.decision !== b?.decision || a?.reason !== b?.reason) throw new Error(b?.detail);
          if ((await injectText(second.text, engines[profile])).text !== second.text) throw new Error('not idempotent');
          if (dataOf(undoText(second.text)) !== dataOf(other)) throw new Error('not what it was');
        },
      ),
      { numRuns: 60 },
    );
  });
}

function parsed(text: string): JsonValue {
  return objectOf(parsedJson(text)) ?? {};
}
