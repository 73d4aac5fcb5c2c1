import { Option } from 'commander';
import { OutriderError } from '../model/error.js';
import { exitCodes, type CommandDefinition, type Invocation } from './command.js';

const usualUrl = 'http://127.0.0.1:8080';
const secondMs = 1000;

/** `outrider ready`: for probes and tests in an image that has no shell and no curl. */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    command.argument('[URL]', `address of the server's plain port (default: ${usualUrl})`);
    command.addOption(
      new Option('--timeout <SECONDS>', 'how long to wait for the answer (default: 5)').argParser(secondsOf),
    );
    command.addHelpText(
      'after',
      `
Asks /readyz and prints the answer.

Examples:
  ${programName} ready
  ${programName} ready http://outrider.outrider-system.svc:8080 --timeout 2

Exit codes: 0 ready; 1 not ready, with what is missing; 2 wrong usage, or nobody answers.`,
    );
  },
  run: ready,
};

async function ready({ flags, args, io }: Invocation): Promise<number> {
  const url = addressOf(args[0] ?? usualUrl);
  const timeout = flags['timeout'];
  const signal = AbortSignal.timeout((typeof timeout === 'number' ? timeout : 5) * secondMs);
  let answer: { readonly ok: boolean; readonly text: string };
  try {
    const response = await fetch(url, { signal, redirect: 'error' });
    answer = { ok: response.ok, text: (await response.text()).trim() };
  } catch (cause) {
    throw new OutriderError('server_unreachable', `${url.href} does not answer; is it the server's plain port?`, {
      cause,
    });
  }
  io.stdout.write(`${answer.text}\n`);
  return answer.ok ? exitCodes.ok : exitCodes.findings;
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
