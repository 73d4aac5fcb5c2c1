import { execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a program to its end. @throws When it fails, with what it printed. */
export async function run(program: string, ...parameters: readonly string[]): Promise<string> {
  const { stdout } = await execute(program, parameters, { maxBuffer: 10 * 1024 * 1024 });
  return stdout;
}

// Below the range that systems give outgoing connections (from 32768 on Linux): a port out of that range may be taken
// by some connection between this look and the server that it is meant for.
const lowestPort = 12_000;
const highestPort = 32_000;

/** A port on loopback that is free now, and that no outgoing connection takes later. */
export async function freePort(): Promise<number> {
  const port = randomInt(lowestPort, highestPort);
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return freePort();
    throw error;
  }
  server.close();
  await once(server, 'close');
  return port;
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
