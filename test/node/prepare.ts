/* Runs inside a cluster that has just started: builds the stand-in agent and pushes the images of the tests. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stateFolder } from './support/kubectl.js';
import { pushImages } from './support/images.js';

const source = fileURLToPath(new URL('../../../test/agent/agent.c', import.meta.url));
const agent = join(stateFolder(), 'agent');
await promisify(execFile)('gcc', ['-static', '-O2', '-Wall', '-Wextra', '-Werror', '-o', agent, source]);
await pushImages(agent);
