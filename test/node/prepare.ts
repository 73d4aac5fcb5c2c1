/* Runs inside a cluster that has just started: builds the stand-in agent and pushes the images of the tests. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stateFolder } from './support/kubectl.js';
import { pushImages } from './support/images.js';

const folder = stateFolder();

/** Builds a static program of one C file. */
async function build(source: string, name: string): Promise<string> {
  const program = join(folder, name);
  const path = fileURLToPath(new URL(`../../../test/${source}`, import.meta.url));
  await promisify(execFile)('gcc', ['-static', '-O2', '-Wall', '-Wextra', '-Werror', '-o', program, path]);
  return program;
}

await pushImages(await build('agent/agent.c', 'agent'), await build('node/support/privileges.c', 'privileges'));
