import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { workplace } from '../harness.js';

const profiles = {
  sysdig: ['--profile', 'sysdig', '--set', 'region=us2', '--no-lookup'],
  datadog: ['--profile', 'datadog', '--no-lookup'],
};
const fixture = (name: string): string =>
  readFileSync(new URL(`../../../../test/fixtures/manifests/${name}`, import.meta.url), 'utf8');
const podOf = (container: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: web\n      image: a/web:1\n${container}`;

type Place = Awaited<ReturnType<typeof workplace>>;

async function thereAndBack(place: Place, text: string, flags: readonly string[]): Promise<readonly [string, string]> {
  const injected = await place.outrider(['inject', '-f', '-', '-q', ...flags], { stdin: text });
  if (injected.code !== 0) throw new Error(injected.stderr);
  const again = await place.outrider(['inject', '-f', '-', '-q', ...flags], { stdin: injected.stdout });
  if (again.stdout !== injected.stdout) throw new Error(`not idempotent:\n${injected.stdout}`);
  const back = await place.outrider(['uninject', '-f', '-', '-q'], { stdin: injected.stdout });
  return [injected.stdout, back.stdout];
}

t.test('W14: comments, quotes and folding of a `command` stay where they are, there and back', async (t) => {
  const place = await workplace(t);
  const commands = [
    '      command:\n        - /bin/sh   # shell\n        - -c   # c\n        - exec /app  # app\n',
    '      command: [\n        # dev\n        "/bin/sh", # sh\n        "-c",      # c\n        "exec /app",\n      ] # end\n',
    '      command:\n        - "/bin/bash"\n        - \'-c\'\n        - >\n          exec\n          /app\n',
    "      command: ['/app', ':8080']\n",
    '      command: [/app, ":8080", \':8081\']\n',
    '      command: [ "/bin/sh", "-c" ]\n',
    '      command: [/bin/sh,\n                -c]\n',
    '      command:\n      - /app\n',
    '      command:\n        # above\n        - /app\n        # below\n',
    '      command: # beside\n        - |\n          /app\n',
    '      command: [!!str 7]\n',
  ];
  for (const [profile, flags] of Object.entries(profiles)) {
    for (const command of commands) {
      const [there, back] = await thereAndBack(place, podOf(command), flags);
      t.equal(back, podOf(command), `${profile}: ${command}`);
      const kept = command
        .split('\n')
        .slice(1)
        .map((line) => line.trim())
        .filter((line) => line !== '' && line !== '] # end');
      for (const line of kept) t.ok(there.includes(line), `${profile}: ${line}`);
    }
  }
});

t.test('W28: the bytes that came in come back', async (t) => {
  const place = await workplace(t);
  for (const name of ['comments-a.yaml', 'comments-d.yaml']) {
    for (const flags of Object.values(profiles))
      t.equal((await thereAndBack(place, fixture(name), flags))[1], fixture(name));
  }
  const empty =
    'apiVersion: v1\nkind: Pod\nmetadata:\nspec:\n  containers:\n    - {name: a, image: b, command: [/c]}\n';
  for (const flags of Object.values(profiles))
    t.equal((await thereAndBack(place, empty, flags))[1], empty, 'metadata: of nothing');
});

t.test('W15: minus zero is kept', async (t) => {
  const place = await workplace(t);
  const json =
    '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"x":-0,"y":-0.0,"containers":[{"name":"web","image":"a","command":["/app"]}]}}';
  const [there, back] = await thereAndBack(place, json, profiles.sysdig);
  t.match(there, '"x":-0,"y":-0.0,');
  t.equal(back, json);
  const asJson = await place.outrider(['inject', '-f', '-', '-q', '-o', 'json', ...profiles.sysdig], { stdin: json });
  t.match(asJson.stdout, /"x": -0,\s*"y": -0.0,/);
});

t.test('W14, W28: property: any style of an item, and any place of a comment, round trip to the byte', async (t) => {
  const place = await workplace(t);
  const item = fc.constantFrom('/app', '"/app"', "'/app'", '":8080"', "'-c'", '--x=1', '"a b"', "'it''s'");
  const note = fc.constantFrom('', '', ' # note', '   # far');
  const block = fc
    .array(fc.tuple(item, note, fc.constantFrom('', '', '        # between\n')), { minLength: 1, maxLength: 4 })
    .map(
      (items) =>
        `      command:\n${items.map(([word, behind, above]) => `${above}        - ${word}${behind}\n`).join('')}`,
    );
  const flow = fc
    .tuple(
      fc.array(item, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('', ' '),
      fc.constantFrom(', ', ',', ' , '),
      note,
    )
    .map(([items, pad, comma, behind]) => `      command: [${pad}${items.join(comma)}${pad}]${behind}\n`);
  const lines = fc
    .tuple(fc.array(fc.tuple(item, note), { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([items, trailing]) => {
      const body = items.map(([word, behind], at) => {
        const comma = trailing || at < items.length - 1 ? ',' : '';
        return `        ${word}${comma}${behind}\n`;
      });
      return `      command: [\n${body.join('')}      ]\n`;
    });
  const rest = fc.constantFrom('', '      env: # envs\n', '      args: [x] # args\n', '      volumeMounts:\n');
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(block, flow, lines),
      rest,
      fc.constantFrom(...Object.values(profiles)),
      async (command, more, flags) => {
        const text = podOf(`${command}${more}`);
        const [there, back] = await thereAndBack(place, text, flags);
        if (back !== text) throw new Error(`${text}\n---\n${back}\n---\n${there.slice(0, 900)}`);
      },
    ),
    { numRuns: 60 },
  );
});
