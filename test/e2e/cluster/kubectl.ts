import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import { isObject } from '../../../src/model/json.js';
import type { JsonObject } from '../../../src/model/json.js';

/** What kubectl made of a command. */
export interface KubectlResult {
  readonly exitCode: number;
  readonly stdout: string;
  /** Errors, and the API server's warnings. */
  readonly stderr: string;
}

/** Which kubectl is run, and as whom. */
export interface Kubectl {
  readonly program: string;
  readonly kubeconfig: string;
  /** Where it keeps what it discovered, instead of in the home of the person who runs the tests. */
  readonly home: string;
}

/** Runs kubectl to its end. */
export async function runKubectl(
  { program, kubeconfig, home }: Kubectl,
  parameters: readonly string[],
  input = '',
): Promise<KubectlResult> {
  const child = spawn(program, [...parameters], {
    env: { ...process.env, KUBECONFIG: kubeconfig, HOME: home },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { exitCode: child.exitCode ?? -1, stdout, stderr };
}

/**
 * The object that kubectl printed with `-o json`.
 * @throws when the command failed, with what it said
 */
export function objectIn({ exitCode, stdout, stderr }: KubectlResult): JsonObject {
  if (exitCode !== 0) throw new Error(`kubectl ended with ${exitCode}: ${stderr}`);
  const parsed: unknown = JSON.parse(stdout);
  if (!isObject(parsed)) throw new Error(`kubectl printed no object: ${stdout.slice(0, 200)}`);
  return parsed;
}
