/*
 * Starts the cluster of one node, runs something inside its namespaces, and takes the cluster away:
 *
 *   node dist/test/node/run.js                  every test of dist/test/node/pods, by tap
 *   node dist/test/node/run.js FILE.test.js …   these, by tap
 *   node dist/test/node/run.js -- COMMAND …     any command, such as `bash`: kubectl, ctr and skopeo find their way
 *
 * Ends with the exit code of what it ran; with 2 when there is no cluster to run it in.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startCluster, type Cluster } from './cluster/cluster.js';

const prepare = fileURLToPath(new URL('prepare.js', import.meta.url));
const tests = 'dist/test/node/pods/*.test.js';
const tap = ['node_modules/.bin/tap', 'run', '--disable-coverage', '--allow-empty-coverage'];

const given = process.argv.slice(2);
const command = given[0] === '--' ? given.slice(1) : [...tap, ...(given.length === 0 ? [tests] : given)];

let cluster: Cluster | undefined;
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.abort());

async function main(): Promise<number> {
  const beganMs = performance.now();
  try {
    cluster = await startCluster();
    await cluster.inside.run(process.execPath, prepare);
  } catch (error) {
    console.error(`test cluster: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
  console.error(`test cluster: ready in ${cluster.directory} after ${Math.round(performance.now() - beganMs)} ms`);
  if (stopping.signal.aborted) return 130;
  const [program = '', ...parameters] = command;
  const [enter, list] = cluster.inside.argv(program, parameters);
  const child = spawn(enter, list, { env: cluster.env, stdio: 'inherit' });
  const ended = once(child, 'exit');
  await Promise.race([ended, once(stopping.signal, 'abort')]);
  return stopping.signal.aborted ? 130 : (child.exitCode ?? 1);
}

process.exitCode = await main();
await cluster?.stop();
