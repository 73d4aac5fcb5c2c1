import { spawn } from 'node:child_process';
import { isObject, stringOf } from '../../model/json.js';
import type { Credential } from '../types.js';
import { basicCredential, identityTokenCredential } from './credential.js';

/** How to run a docker credential helper. */
export interface HelperOptions {
  /** Longest run, in milliseconds. */
  readonly timeoutMs?: number;
  /** Most bytes read from it. */
  readonly limitBytes?: number;
  /** Environment of the helper; only `PATH` and `HOME` of it are passed on. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const helperName = /^[a-z0-9-]{1,64}$/;

function run(program: string, input: string, signal: AbortSignal, options: HelperOptions): Promise<string> {
  const { timeoutMs = 5_000, limitBytes = 65_536, env = {} } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', HOME: env['HOME'] ?? '/' },
      signal,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limitBytes) chunks.push(chunk);
      else child.kill('SIGKILL');
    });
    child.on('error', reject);
    // A helper that ends without reading closes the pipe. Its exit code tells the result.
    child.stdin.on('error', () => undefined);
    child.on('close', (code) => {
      if (code === 0 && bytes <= limitBytes) resolve(Buffer.concat(chunks).toString('utf8'));
      else reject(new Error(`${program} ended with ${code === null ? 'a signal' : `code ${code}`}`));
    });
    child.stdin.end(input);
  });
}

/**
 * Asks a docker credential helper (docker/docker-credential-helpers: `get` with the registry on stdin, JSON with
 * `Username` and `Secret` on stdout).
 *
 * @param name the part after `docker-credential-`.
 * @param server the registry as the docker config names it.
 * @returns `undefined` when the helper has none.
 * @throws Error if the name is invalid, or the helper cannot be run, fails, takes too long, or gives an invalid answer.
 */
export async function askHelper(
  name: string,
  server: string,
  source: string,
  signal: AbortSignal,
  options: HelperOptions = {},
): Promise<Credential | undefined> {
  if (!helperName.test(name)) throw new Error('a credential helper’s name is lower case letters, digits and dashes');
  const answer: unknown = JSON.parse(await run(`docker-credential-${name}`, server, signal, options));
  const username = isObject(answer) ? stringOf(answer['Username']) : undefined;
  const secret = isObject(answer) ? stringOf(answer['Secret']) : undefined;
  if (username === undefined || secret === undefined) throw new Error(`docker-credential-${name} gave no credential`);
  if (secret === '') return undefined;
  return username === '<token>' ? identityTokenCredential(secret, source) : basicCredential(username, secret, source);
}
