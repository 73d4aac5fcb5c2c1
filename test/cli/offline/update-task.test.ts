import t from 'tap';
import { workplace } from '../harness.js';

const flags = (...settings: readonly string[]): readonly string[] => [
  ...['--profile', 'sysdig', '--no-lookup', '--set', 'accessKeySecretArn=/key'],
  ...settings.flatMap((setting) => ['--set', setting]),
];
const ecs = `{
  "family": "shop",
  "networkMode": "awsvpc",
  "requiresCompatibilities": ["FARGATE"],
  "containerDefinitions": [
    {"name": "web", "image": "a/web:1", "entryPoint": ["/web"], "essential": true}
  ]
}
`;
const cloudformation = `Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      RequiresCompatibilities: [FARGATE] # mine
      ContainerDefinitions:
        - Name: web
          Image: a/web:1
          EntryPoint: [/web]
`;
const bare = '[{"name": "web", "image": "a/web:1", "entryPoint": ["/web"], "essential": true}]\n';
const loop = `Resources:
  Fn::ForEach::Tasks:
    - Name
    - [web, worker]
    - Task\${Name}:
        Type: AWS::ECS::TaskDefinition
        Properties:
          ContainerDefinitions: # each
            - {Name: '\${Name}', Image: a/web:1, EntryPoint: [/web]}
`;
const printed = `{"taskDefinition": ${ecs.trim()},\n"tags": []}\n`;
const json = `{"Resources": {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {
  "ContainerDefinitions": [{"Name": "web", "Image": "a/web:1", "EntryPoint": ["/web"]}]
}}}}
`;
const tasks = {
  ...{ 'ecs.json': ecs, 'printed.json': printed, 'bare.json': bare },
  ...{ 'stack.yaml': cloudformation, 'stack.json': json, 'loop.yaml': loop },
};

t.test('W18: a second inject of a task with other settings updates by our own record', async (t) => {
  const place = await workplace(t, tasks);
  const run = async (file: string, settings: readonly string[]) => {
    const ran = await place.outrider(['inject', '-f', file, ...settings]);
    t.equal(ran.code, 0, ran.stderr);
    return ran;
  };
  for (const [file, text] of Object.entries(tasks)) {
    for (const [first, second] of [
      [['region=us2'], ['region=eu1']],
      [['region=us2'], ['region=us2', 'version=6.2.0']],
      [['region=us2', 'taskCpu=256'], ['region=us2']],
    ] as const) {
      const wanted = (await run(file, flags(...second))).stdout;
      const old = `old-${file}`;
      await place.write(old, (await run(file, flags(...first))).stdout);
      const updated = await run(old, flags(...second));
      t.equal(updated.stdout, wanted, `${file}: as if it had been injected so in the first place`);
      t.not(
        updated.stdout,
        (await run(old, flags(...first))).stdout,
        'and the first settings still write what is there',
      );
      await place.write(old, updated.stdout);
      t.equal((await run(old, flags(...second))).stdout, wanted, 'once is enough');
      t.equal((await place.outrider(['uninject', '-f', old, '-q'])).stdout, text);
    }
  }
});

t.test('W18: a task that ECS gave back with its defaults is updated as well, and is no update by itself', async (t) => {
  const place = await workplace(t, tasks);
  const { stdout } = await place.outrider(['inject', '-f', 'ecs.json', '-q', ...flags('region=us2')]);
  const described = stdout.replaceAll('"name":', '"cpu": 0, "mountPoints": [], "name":');
  await place.write('described.json', described);
  const again = await place.outrider(['inject', '-f', 'described.json', '-q', ...flags('region=us2')]);
  t.match(again, { code: 0, stdout: described });
  const other = await place.outrider(['inject', '-f', 'described.json', '-q', ...flags('region=eu1')]);
  t.equal(other.code, 0);
  t.match(other.stdout, 'ingest-eu1');
  t.notMatch(other.stdout, 'ingest-us2');
});

t.test('W18: exit 1 with a sentence where the record does not fit', async (t) => {
  const place = await workplace(t, tasks);
  for (const file of Object.keys(tasks)) {
    const { stdout } = await place.outrider(['inject', '-f', file, '-q', ...flags('region=us2')]);
    const edited = stdout.replace('ingest-us2.app.sysdig.com', 'mine.example.com');
    await place.write('edited', edited);
    const ran = await place.outrider(['inject', '-f', 'edited', ...flags('region=eu1')]);
    t.match(ran, { code: 1, stdout: edited, stderr: /parts_differ.*\n.* edited since/ });
    t.match(ran.stderr, /^outrider: error: 1 not-updated: exit code 1\.$/m);
    const elsewhere = stdout.replace('a/web:1', 'a/web:2');
    await place.write('elsewhere', elsewhere);
    const updated = await place.outrider(['inject', '-f', 'elsewhere', '-q', ...flags('region=eu1')]);
    t.match(updated, { code: 0, stdout: /a\/web:2/ });
    t.match(updated.stdout, 'ingest-eu1');
  }
});

t.test(
  'W18: what was edited elsewhere in our own parts, and what --only leaves out, is no reason to update',
  async (t) => {
    const place = await workplace(t, tasks);
    const { stdout } = await place.outrider(['inject', '-f', 'ecs.json', '-q', ...flags('region=us2')]);
    const logged = stdout.replace('"name": "SysdigInstrumentation"', '"name": "SysdigInstrumentation", "user": "7"');
    t.not(logged, stdout);
    await place.write('logged.json', logged);
    t.match(await place.outrider(['inject', '-f', 'logged.json', '-q', ...flags('region=us2')]), {
      code: 0,
      stdout: logged,
    });
    await place.write('only.json', stdout);
    const only = await place.outrider(['inject', '-f', 'only.json', '-q', '--only', 'web', ...flags('region=eu1')]);
    t.match(only, { code: 0, stdout });
  },
);

t.test('W18: settings without the access key’s source take none away', async (t) => {
  const place = await workplace(t, tasks);
  const { stdout } = await place.outrider(['inject', '-f', 'ecs.json', '-q', ...flags('region=us2')]);
  await place.write('old.json', stdout);
  const keyless = ['--profile', 'sysdig', '--no-lookup', '--set'];
  t.match(await place.outrider(['inject', '-f', 'old.json', '-q', ...keyless, 'region=us2']), { code: 0, stdout });
  const ran = await place.outrider(['inject', '-f', 'old.json', ...keyless, 'region=eu1']);
  t.match(ran, { code: 1, stdout, stderr: /give accessKeySecretArn, too/ });
});
