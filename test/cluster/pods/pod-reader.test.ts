import t from 'tap';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { PodReader } from '../../../src/cluster/pods/pod-reader.js';
import type { JsonObject } from '../../../src/model/json.js';

const never = new AbortController().signal;

t.test('a pod is read anew each time, by one request, and what goes wrong is an answer', async (t) => {
  const paths: string[] = [];
  const failures: unknown[] = [];
  let answer: () => Promise<JsonObject> = () => Promise.resolve({ metadata: { name: 'web' } });
  const reader = new PodReader({
    client: {
      get: (path) => {
        paths.push(path);
        return answer();
      },
    },
    onFailure: (error) => void failures.push(error),
  });
  for (let n = 0; n < 2; n++) t.same(await reader.read('shop', 'web', never), { pod: { metadata: { name: 'web' } } });
  t.same(paths, ['/api/v1/namespaces/shop/pods/web', '/api/v1/namespaces/shop/pods/web']);

  const refuse = (status: number, reason: string) => () => Promise.reject(new ApiError('GET', { status, reason }));
  answer = refuse(404, 'NotFound');
  t.same(await reader.read('shop', 'web', never), { trouble: 'there is no such pod' });
  t.equal(failures.length, 0, 'which is a plain answer');
  answer = refuse(403, 'Forbidden');
  t.same(await reader.read('shop', 'web', never), { trouble: 'Outrider has no right to get pods here' });
  answer = refuse(503, 'ServiceUnavailable');
  t.same(await reader.read('shop', 'web', never), { trouble: 'the API server answers 503 for it' });
  answer = refuse(0, 'NoAnswer');
  t.same(await reader.read('shop', 'web', never), { trouble: 'the API server did not answer' });
  t.same(await reader.read('shop', 'web', AbortSignal.abort()), {
    trouble: 'the API server did not show it in the time there was',
  });
  t.equal(failures.length, 4);
});

t.test('two hundred at once are read a few at a time, each within its own time', async (t) => {
  let underWay = 0;
  let most = 0;
  const waiting: (() => void)[] = [];
  const reader = new PodReader({
    client: {
      get: async () => {
        most = Math.max(most, ++underWay);
        await new Promise<void>((resolve) => waiting.push(resolve));
        underWay--;
        return {};
      },
    },
    onFailure: () => undefined,
  });
  const ending = new AbortController();
  const signal = (n: number): AbortSignal => (n === 199 ? ending.signal : new AbortController().signal);
  const all = Array.from({ length: 200 }, (_, n) => reader.read('shop', `web-${n}`, signal(n)));
  ending.abort();
  t.match(await all[199], { trouble: /in the time there was/ }, 'one that waits gives up by itself');
  let done = 0;
  for (const one of all) void one.then(() => done++);
  while (done < 200) {
    waiting.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.ok(most <= 32, `${most} at once`);
});
