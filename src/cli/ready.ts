import { Option } from 'commander';
import { readPolicies } from '../cluster/live/read-policies.js';
import { OutriderError } from '../model/error.js';
import { exitCodes, type CommandDefinition, type Invocation } from './command.js';
import { oneLine } from './errors.js';
import { addClusterOptions, clusterChoice, openWithKubeConfig, type ClusterOpener } from './options/cluster.js';

const usualUrl = 'http://127.0.0.1:8080';
const secondMs = 1000;

/** `outrider ready`: for probes and tests in an image that has no shell and no curl. */
export function readyCommand(open: ClusterOpener): CommandDefinition {
  return {
    configure(command, { programName }) {
      command.argument('[URL]', `address of the server's plain port (default: ${usualUrl})`);
      command.addOption(
        new Option('--timeout <SECONDS>', 'how long to wait for the answer (default: 5)').argParser(secondsOf),
      );
      command.addOption(new Option('--policies', 'also fail where a policy of the cluster is not carried out'));
      addClusterOptions(command);
      command.addHelpText(
        'after',
        `
Asks /readyz and prints the answer. --policies reads the cluster's policies and profiles, by your rights.

Examples:
  ${programName} ready
  ${programName} ready http://outrider.outrider-system.svc:8080 --timeout 2
  ${programName} ready --policies

Exit codes: 0 ready; 1 not ready, with what is missing; 2 wrong usage, or nobody answers.`,
      );
    },
    run: (invocation) => ready(invocation, open),
  };
}

export const command = readyCommand(openWithKubeConfig);

async function ready(invocation: Invocation, open: ClusterOpener): Promise<number> {
  const { flags, args, io } = invocation;
  const url = addressOf(args[0] ?? usualUrl);
  const timeout = flags['timeout'];
  const signal = AbortSignal.timeout((typeof timeout === 'number' ? timeout : 5) * secondMs);
  const answer = await answerOf(url, signal);
  io.stdout.write(`${answer.text}\n`);
  const troubles = flags['policies'] === true ? await policyTroubles(invocation, open) : [];
  for (const trouble of troubles) io.stdout.write(`${trouble}\n`);
  return answer.ok && troubles.length === 0 ? exitCodes.ok : exitCodes.findings;
}

/** @throws OutriderError `server_unreachable` */
async function answerOf(url: URL, signal: AbortSignal): Promise<{ readonly ok: boolean; readonly text: string }> {
  try {
    const response = await fetch(url, { signal, redirect: 'error' });
    return { ok: response.ok, text: (await response.text()).trim() };
  } catch (cause) {
    throw new OutriderError('server_unreachable', `${url.href} does not answer; is it the server's plain port?`, {
      cause,
    });
  }
}

/**
 * A line for each policy that is not valid. A server that is ready instruments nothing by such a policy.
 * @throws OutriderError `cluster_unavailable`
 */
async function policyTroubles(invocation: Invocation, open: ClusterOpener): Promise<readonly string[]> {
  const cluster = await open(clusterChoice(invocation));
  try {
    const { policies } = await readPolicies(cluster.client);
    return policies.flatMap(({ name, problem }) =>
      problem === undefined ? [] : [`policy ${name} is not carried out as it stands: ${oneLine(problem.message)}`],
    );
  } finally {
    await cluster.client.close();
  }
}

/** @throws OutriderError `usage` */
function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new OutriderError('usage', `${text} is no address; give one such as ${usualUrl}.`);
  }
  return new URL('/readyz', url);
}

/** @throws OutriderError `usage` */
function secondsOf(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 300)) {
    throw new OutriderError('usage', `--timeout is ${text}; give seconds, more than 0 and at most 300.`, {
      field: 'timeout',
    });
  }
  return seconds;
}
