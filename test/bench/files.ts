import { rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { outrider } from '../support/program.js';
import { growthOf, type WorkAtSize } from './growth.js';
import { print } from './table.js';

/*
 * CPU time of `inject` and `uninject` over files of one shape and growing size: twice as much has to take twice as long.
 * Ends with 1 where work grows faster than its file.
 */

const help = `CPU time of inject and uninject by the size of a file, for files of several shapes.

  npm run bench:files -- [options]

  --items N           items of the smallest file; there are also ones of twice and of four times as many. Default: 500
  --rounds N          runs of each, of which the fastest counts. Default: 3
  -o, --output FORM   table or markdown. Default: table
  -h, --help`;

const times = (count: number, line: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => line(at)).join('');
const indented = (text: string, indent: string): string => text.replaceAll(/^(?=.)/gm, indent);

const deployment = (at: number): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web${at}}\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: a/web:1\n          command: [/app]\n`;
const taskOf = (at: number): string =>
  `T${at}:\n  Type: AWS::ECS::TaskDefinition\n  Properties:\n    ContainerDefinitions:\n      - {Name: web, Image: a/web:1, EntryPoint: [/app]}\n`;
const schemaOf = (at: number): string =>
  `field${at}:\n  description: a field of a field\n  type: object\n  properties:\n    containers:\n      type: array\n      items: {type: object, required: [name, image]}\n`;

/** A file of each shape, by the number of its items. */
const shapes: Readonly<Record<string, (items: number) => string>> = {
  'Deployments, a document each': (items) => times(items, (at) => `---\n${deployment(at)}`),
  'Deployments in a List': (items) =>
    `apiVersion: v1\nkind: List\nitems:\n${times(items, (at) => indented(deployment(at), '    ').replace('    ', '  - '))}`,
  'tasks in a CloudFormation template': (items) => `Resources:\n${times(items, (at) => indented(taskOf(at), '  '))}`,
  'a CRD without pods': (items) =>
    `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.b.c}\nspec:\n  versions:\n    - schema:\n        openAPIV3Schema:\n          properties:\n${times(10 * items, (at) => indented(schemaOf(at), '            '))}`,
  'an object of a kind that nobody knows': (items) =>
    `apiVersion: x.io/v1\nkind: Thing\nspec:\n${times(20 * items, (at) => `  key${at}: {a: 1, b: [x, y, z]}\n`)}`,
  'a long text in a ConfigMap': (items) =>
    `apiVersion: v1\nkind: ConfigMap\ndata:\n  text: |\n${times(400 * items, (at) => `    line ${at}\n`)}`,
};

const profile = ['--profile', 'sysdig', '--set', 'region=us2', '--no-lookup'];
// Quadratic is 2; collecting garbage grows a little faster than what leaves it.
const mostGrowth = 1.7;

function optionsOf() {
  const { values } = parseArgs({
    options: {
      items: { type: 'string', default: '500' },
      rounds: { type: 'string', default: '3' },
      output: { type: 'string', short: 'o', default: 'table' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return { ...values, items: Number(values.items), rounds: Number(values.rounds) };
}

async function fastest(
  argv: readonly string[],
  stdin: string,
  rounds: number,
  cwd: string,
): Promise<{ readonly cpuMs: number; readonly stdout: string }> {
  let cpuMs = Infinity;
  let stdout = '';
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage();
    const ran = await outrider([...argv, '-f', '-', '-q'], cwd, stdin);
    const { user, system } = process.cpuUsage(start);
    if (ran.code !== 0) throw new Error(`${argv.join(' ')}: ${ran.stderr}`);
    cpuMs = Math.min(cpuMs, (user + system) / 1000);
    stdout = ran.stdout;
  }
  return { cpuMs, stdout };
}

async function main(): Promise<void> {
  const { items, rounds, output, help: isAsked } = optionsOf();
  if (isAsked || !(items > 0) || !(rounds > 0) || (output !== 'table' && output !== 'markdown')) {
    console.log(help);
    process.exitCode = isAsked ? 0 : 2;
    return;
  }
  const cwd = await mkdtemp(join(tmpdir(), 'outrider-bench-'));
  try {
    const inject = ['inject', ...profile];
    await fastest(inject, shapes['Deployments in a List']?.(100) ?? '', 3, cwd);
    const fixed = await fastest(inject, deployment(0), rounds, cwd);
    const rows: (readonly (string | number)[])[] = [];
    let steepest = 0;
    for (const [shape, textOf] of Object.entries(shapes)) {
      const works: Readonly<Record<'inject' | 'uninject', WorkAtSize[]>> = { inject: [], uninject: [] };
      for (const size of [items, 2 * items, 4 * items]) {
        const injected = await fastest(inject, textOf(size), rounds, cwd);
        works.inject.push({ size, cpuMs: injected.cpuMs });
        works.uninject.push({ size, ...(await fastest(['uninject'], injected.stdout, rounds, cwd)) });
      }
      for (const [command, each] of Object.entries(works)) {
        const growth = growthOf(each, fixed.cpuMs);
        steepest = Math.max(steepest, growth);
        rows.push([`${command}: ${shape}`, ...each.map(({ cpuMs }) => Math.round(cpuMs)), growth.toFixed(2)]);
      }
    }
    const sizes = [items, 2 * items, 4 * items].map((size) => `${size} items`);
    const title = 'CPU time in ms by size, and the power of the size that it grows by (1 is linear)';
    console.log(print([{ title, head: ['file', ...sizes, 'growth'], rows }], output));
    if (steepest > mostGrowth) {
      console.error(`Work grows by the power ${steepest.toFixed(2)} of the size; at most ${mostGrowth} is expected.`);
      process.exitCode = 1;
    }
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

await main();
