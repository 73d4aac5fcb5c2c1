import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const script = fileURLToPath(new URL('gathered-child.js', import.meta.url));

async function start(): Promise<ChildProcessByStdio<null, Readable, Readable>> {
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

t.test('what is gathered is written before the process ends', async (t) => {
  const child = await start();
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  child.kill('SIGTERM');
  await once(child, 'close');
  t.equal(child.exitCode, 0);
  t.match(log, /"msg":"begun".*"msg":"the last line"\}\n$/s);
});

t.test('a reader that has gone keeps nobody from working and ending', async (t) => {
  const child = await start();
  child.stderr.destroy();
  // Long enough for pieces to be written to nobody.
  await sleep(200);
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  t.equal(code, 0);
});

t.test('a reader that stands still keeps nobody from ending', async (t) => {
  const child = await start();
  child.stderr.pause();
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  t.equal(code, 0);
});
