import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Creations, Order } from './creations.js';

const worker = fileURLToPath(new URL('./create.js', import.meta.url));

const creationsSchema = z.object({
  seconds: z.number(),
  latenciesMs: z.array(z.number()),
  instrumented: z.number(),
  byApiServer: z.number(),
  failures: z.number(),
  reasons: z.array(z.string()),
});

/** Creates pods in a process of its own, which does nothing else. */
export async function createElsewhere(order: Order): Promise<Creations> {
  const child = fork(worker, { stdio: 'inherit' });
  const ended = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`the creator ended with ${String(code)}`)),
  );
  const answer = once(child, 'message');
  child.send(order);
  const message: unknown = await Promise.race([answer, ended]);
  ended.catch(() => undefined);
  return z.tuple([creationsSchema]).rest(z.unknown()).parse(message)[0];
}
