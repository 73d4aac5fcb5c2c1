import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import {
  isObject,
  listOf,
  objectOf,
  parsedJson,
  stringOf,
  type JsonObject,
  type JsonValue,
} from '../../../src/model/json.js';
import { dataOf, engineWith, injectText, undoText } from '../../engine/tasks.js';

const engines = {
  datadog: engineWith('datadog', { accessKeySecretArn: '/k' }),
  sysdig: engineWith('sysdig', { region: 'us2', accessKeySecretArn: '/k' }),
};
const cycle = readFileSync(new URL('../../../../test/fixtures/tasks/cycle.json', import.meta.url), 'utf8');
const web = { name: 'web', image: 'acme/web:1', entryPoint: ['/web'] };
const router = { name: 'log_router', image: 'amazon/aws-for-fluent-bit:stable', entryPoint: ['/entrypoint.sh'] };
const agent = { name: 'datadog-agent', image: 'public.ecr.aws/datadog/agent:7' };

const taskOf = (...containers: readonly JsonObject[]): string =>
  JSON.stringify({ family: 't', requiresCompatibilities: ['FARGATE'], containerDefinitions: containers });

function containersOf(text: string): readonly JsonObject[] {
  return listOf(objectOf(parsedJson(text))?.['containerDefinitions']).filter(isObject);
}

/** A circle of waits, by names; `undefined` where there is none. Not the code under test: no views, no functions. */
function circleIn(text: string): readonly string[] | undefined {
  const waits = new Map(
    containersOf(text).map((container): [string, readonly string[]] => [
      stringOf(container['name']) ?? '',
      [
        ...listOf(container['dependsOn']).map((each) => stringOf(objectOf(each)?.['containerName']) ?? ''),
        ...listOf(container['volumesFrom']).map((each) => stringOf(objectOf(each)?.['sourceContainer']) ?? ''),
        ...listOf(container['links']).map((each) => stringOf(each)?.split(':')[0] ?? ''),
      ],
    ]),
  );
  const walk = (name: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(name)) return [...path, name];
    for (const next of waits.get(name) ?? []) {
      const found = walk(next, [...path, name]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  for (const name of waits.keys()) {
    const found = walk(name, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

t.test('W25: the task of the vendor’s CDK: nothing waits in a circle', async (t) => {
  const { text, outcomes } = await injectText(cycle, engines.datadog);
  t.equal(circleIn(text), undefined);
  t.match(outcomes[0]?.decision, { decision: 'inject', detail: 'web' });
});

t.test('W25: a log router that the agent waits for is left as it is, with a reason', async (t) => {
  for (const wait of [
    { dependsOn: [{ containerName: 'log_router', condition: 'HEALTHY' }] },
    { dependsOn: [{ containerName: 'log_router', condition: 'START' }] },
    { volumesFrom: [{ sourceContainer: 'log_router' }] },
    { links: ['log_router:logs'] },
  ]) {
    const { text, outcomes } = await injectText(taskOf(router, { ...agent, ...wait }, web), engines.datadog);
    t.equal(circleIn(text), undefined);
    t.match(outcomes[0]?.decision, { decision: 'partial', reason: 'agent_waits_for_it' });
    t.match(outcomes[0]?.decision.detail, 'log_router');
    t.same(containersOf(text)[0], router);
  }
  const strict = engineWith('datadog', { accessKeySecretArn: '/k' }, { prefer: 'Security' });
  const wait = { dependsOn: [{ containerName: 'log_router', condition: 'START' }] };
  const { outcomes } = await injectText(taskOf(router, { ...agent, ...wait }, web), strict);
  t.match(outcomes[0]?.denial, { decision: 'deny', reason: 'agent_waits_for_it' });
});

t.test('W25: through others, and through the container that brings the files', async (t) => {
  const through = taskOf(
    web,
    { ...router, dependsOn: [{ containerName: 'web', condition: 'START' }] },
    { ...agent, dependsOn: [{ containerName: 'log_router', condition: 'START' }] },
  );
  const all = await injectText(through, engines.datadog);
  t.match(all.outcomes[0]?.decision, { decision: 'skip', reason: 'agent_waits_for_it' });
  t.equal(all.text, through);
  const init = {
    name: 'cws-instrumentation-init',
    image: 'public.ecr.aws/datadog/cws-instrumentation:7',
    dependsOn: [{ containerName: 'web', condition: 'START' }],
  };
  const { outcomes } = await injectText(taskOf(web, router, init), engines.datadog);
  t.match(outcomes[0]?.decision, { decision: 'partial', reason: 'agent_waits_for_it' });
});

t.test('W25: a router that is traced already stays so, and waits for nobody new', async (t) => {
  const tracer = ['/cws-instrumentation-volume/cws-instrumentation', 'trace', '--async', '--'];
  const traced = { ...router, entryPoint: [...tracer, '/entrypoint.sh'] };
  const waiting = { ...agent, dependsOn: [{ containerName: 'log_router', condition: 'START' }] };
  const { text, outcomes } = await injectText(taskOf(traced, waiting, web), engines.datadog);
  t.equal(circleIn(text), undefined);
  t.equal(outcomes[0]?.decision.decision, 'inject');
});

t.test('W25: what only deployment says an agent waits for', async (t) => {
  const template = (dependsOn: JsonValue): string =>
    JSON.stringify({
      Resources: {
        T: {
          Type: 'AWS::ECS::TaskDefinition',
          Properties: {
            ContainerDefinitions: [
              { Name: 'web', Image: 'acme/web:1', EntryPoint: ['/web'] },
              { Name: 'log_router', Image: 'x', EntryPoint: ['/y'] },
              { Name: 'datadog-agent', Image: { Ref: 'AgentImage' }, DependsOn: dependsOn },
            ],
          },
        },
      },
    });
  const wait = { ContainerName: 'log_router', Condition: 'START' };
  const cases: readonly (readonly [JsonValue, string, string])[] = [
    [[{ 'Fn::If': ['Logs', wait, { Ref: 'AWS::NoValue' }] }], 'partial', 'agent_waits_for_it'],
    [{ 'Fn::If': ['Logs', [wait], { Ref: 'AWS::NoValue' }] }, 'partial', 'agent_waits_for_it'],
    [{ Ref: 'Waits' }, 'skip', 'intrinsic_unresolved'],
    [[{ 'Fn::FindInMap': ['A', 'B', 'C'] }], 'skip', 'intrinsic_unresolved'],
  ];
  for (const [dependsOn, decision, reason] of cases) {
    const { outcomes } = await injectText(template(dependsOn), engines.datadog);
    t.match(outcomes[0]?.decision, { decision, reason }, JSON.stringify(dependsOn));
  }
});

const names = [
  'web',
  'log_router',
  'init-volume',
  'datadog-agent',
  'SysdigInstrumentation',
  'cws-instrumentation-init',
];
const images: Readonly<Record<string, string>> = {
  'init-volume': 'public.ecr.aws/datadog/agent:7',
  'datadog-agent': 'public.ecr.aws/datadog/agent:7',
  SysdigInstrumentation: 'quay.io/sysdig/workload-agent:6.3.0',
  'cws-instrumentation-init': 'public.ecr.aws/datadog/cws-instrumentation:7',
};

/** Tasks whose containers wait for those of a list in front of them, so for none in a circle; then in any order. */
const tasks = fc
  .shuffledSubarray(names, { minLength: 1 })
  .chain((order) =>
    fc.tuple(
      ...order.map((name, index) =>
        fc.record({
          name: fc.constant(name),
          waits: fc.subarray(order.slice(0, index)),
          by: fc.constantFrom('dependsOn', 'volumesFrom', 'links'),
          condition: fc.constantFrom('START', 'HEALTHY', 'SUCCESS', 'COMPLETE'),
        }),
      ),
    ),
  )
  .map((given) =>
    given.map(({ name, waits, by, condition }): JsonObject => {
      const list =
        by === 'links'
          ? waits
          : waits.map((wait) =>
              by === 'dependsOn' ? { containerName: wait, condition } : { sourceContainer: wait, readOnly: true },
            );
      return {
        name,
        image: images[name] ?? 'acme/x:1',
        entryPoint: ['/x'],
        ...(waits.length > 0 ? { [by]: list } : {}),
      };
    }),
  )
  .chain((containers) => fc.shuffledSubarray(containers, { minLength: containers.length }));

for (const profile of ['datadog', 'sysdig'] as const) {
  t.test(`W25: property: ${profile}: a circle is never written, once is enough, uninject is the inverse`, async (t) => {
    let written = 0;
    await fc.assert(
      fc.asyncProperty(tasks, async (containers) => {
        const before = taskOf(...containers);
        const { text } = await injectText(before, engines[profile]);
        if (text !== before) written += 1;
        const circle = circleIn(text);
        if (circle !== undefined) throw new Error(circle.join(' → '));
        if ((await injectText(text, engines[profile])).text !== text) throw new Error('not idempotent');
        if (dataOf(undoText(text)) !== dataOf(before)) throw new Error('not what it was');
      }),
      { numRuns: 200 },
    );
    t.ok(written > 15, `${written} written`);
  });
}
