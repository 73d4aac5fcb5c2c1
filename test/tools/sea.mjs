// Makes a single executable of the compiled command: Node.js with the program in it, for machines that have no Node.
//
//   sea.mjs [--node FILE] [FILE]
//
//   --node FILE   the Node.js that goes into it, 25.7 or newer, for the platform that this runs on; unless given, the one
//                 that runs this
//   FILE          what is written; dist/outrider, or dist/outrider.exe, unless given
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values, positionals } = parseArgs({ options: { node: { type: 'string' } }, allowPositionals: true });
const node = values.node ?? process.execPath;
const output = resolve(positionals[0] ?? `dist/outrider${process.platform === 'win32' ? '.exe' : ''}`);

const [major = 0, minor = 0] = run(node, ['--version']).replace(/^v/, '').split('.').map(Number);
if (major < 25 || (major === 25 && minor < 7)) {
  console.error(
    `sea: ${node} is Node.js ${major}.${minor}, which makes no such executable; give --node with 25.7 or newer.`,
  );
  process.exit(1);
}

const work = await mkdtemp(join(tmpdir(), 'outrider-sea-'));
try {
  await build({
    entryPoints: { main: 'dist/src/main.js' },
    outdir: work,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    // As in bundle.mjs.
    mainFields: ['module', 'main'],
    format: 'esm',
    legalComments: 'none',
    logLevel: 'warning',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(process.execPath);",
    },
  });
  const settings = {
    main: join(work, 'main.mjs'),
    mainFormat: 'module',
    executable: node,
    output,
    disableExperimentalSEAWarning: true,
  };
  await writeFile(join(work, 'sea.json'), JSON.stringify(settings));
  await mkdir(dirname(output), { recursive: true });
  await rm(output, { force: true });
  run(node, ['--build-sea', join(work, 'sea.json')]);
  // The node's own signature no longer fits, and macOS runs nothing without one.
  if (process.platform === 'darwin') run('codesign', ['--force', '--sign', '-', output]);
} finally {
  await rm(work, { recursive: true, force: true });
}
console.log(output);

function run(program, parameters) {
  const { status, stdout, stderr, error } = spawnSync(program, parameters, { encoding: 'utf8' });
  if (status === 0) return stdout;
  console.error(`sea: ${program} ${parameters.join(' ')}: ${error?.message ?? stderr}`);
  process.exit(1);
}
