/*
 * Starts the cluster of one node, runs something inside its namespaces, and takes the cluster away:
 *
 *   node dist/test/node/run.js                  every test of dist/test/node/pods
 *   node dist/test/node/run.js FILE.test.js …   these, with whatever options of dist/test/runner/run-tests.js
 *   node dist/test/node/run.js -- COMMAND …     any command, such as `bash`: kubectl, ctr and skopeo find their way
 *
 * Ends with the exit code of what it ran; with 2 when there is no cluster to run it in.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startCluster, type Cluster } from './cluster/cluster.js';

const prepare = fileURLToPath(new URL('prepare.js', import.meta.url));
const tests = fileURLToPath(new URL('pods', import.meta.url));
const runner = [process.execPath, fileURLToPath(new URL('../runner/run-tests.js', import.meta.url))];

const given = process.argv.slice(2);
const command = given[0] === '--' ? given.slice(1) : [...runner, ...(given.length === 0 ? [tests] : given)];

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.abort());

/** Runs the command inside, until it ends or a signal comes. Returns the exit code. */
async function runIn(cluster: Cluster): Promise<number> {
  await cluster.inside.run(process.execPath, prepare);
  const [program = '', ...parameters] = command;
  const [enter, list] = cluster.inside.argv(program, parameters);
  const child = spawn(enter, list, { env: cluster.env, stdio: 'inherit' });
  await Promise.race([once(child, 'exit'), aborted(stopping.signal)]);
  return stopping.signal.aborted ? 130 : (child.exitCode ?? 1);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

async function main(): Promise<number> {
  const beganMs = performance.now();
  const cluster = await startCluster();
  try {
    console.error(`test cluster: ready in ${cluster.directory} after ${Math.round(performance.now() - beganMs)} ms`);
    return await runIn(cluster);
  } finally {
    await cluster.stop();
  }
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(`test cluster: ${error instanceof Error ? error.message : String(error)}`);
  return 2;
});
