import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a program to its end. @throws When it fails, with what it printed. */
export async function run(program: string, ...parameters: readonly string[]): Promise<string> {
  const { stdout } = await execute(program, parameters, { maxBuffer: 10 * 1024 * 1024 });
  return stdout;
}

/** A port on loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Starts a server and waits until its URL answers anything at all. Returns what stops it. */
export async function serve(
  url: string,
  program: string,
  ...parameters: readonly string[]
): Promise<() => Promise<void>> {
  const child = spawn(program, parameters, { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-4000)));
  const ended = once(child, 'exit');
  for (let attempt = 0; ; attempt++) {
    if (child.exitCode !== null || attempt > 200) {
      child.kill('SIGKILL');
      throw new Error(`${program} does not serve ${url}: ${complaint}`);
    }
    const isUp = await fetch(url).then(
      (response) => response.body?.cancel().then(() => true),
      () => false,
    );
    if (isUp === true) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return async () => {
    child.kill('SIGKILL');
    await ended;
  };
}
