import t from 'tap';
import type { ApiClient, RequestOptions } from '../../../src/cluster/client/api-client.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { ClusterLimits } from '../../../src/cluster/limits/namespace-limits.js';
import type { JsonObject } from '../../../src/model/json.js';
import { noLimits } from '../../../src/model/namespace-limits.js';
import { parseQuantity } from '../../../src/model/quantity.js';

const range = (memory: string): JsonObject => ({
  items: [{ spec: { limits: [{ type: 'Container', max: { memory } }] } }],
});

/** An API server that answers as it is told, and counts. */
class FakeServer {
  readonly paths: string[] = [];
  readonly options: RequestOptions[] = [];
  answer: (path: string) => Promise<JsonObject> = () => Promise.resolve({ items: [] });
  nowMs = 0;
  readonly clock = { monotonicMs: () => this.nowMs };
  readonly client: Pick<ApiClient, 'get'> = {
    get: (path, options = {}) => {
      this.paths.push(path);
      this.options.push(options);
      return this.answer(path);
    },
  };
}

function setUp(): { readonly server: FakeServer; readonly limits: ClusterLimits } {
  const server = new FakeServer();
  return { server, limits: new ClusterLimits(server) };
}

const forbidden = () => Promise.reject(new ApiError('limitranges is forbidden', { status: 403, reason: 'Forbidden' }));
const maxOf = (limits: ClusterLimits): unknown => limits.of('shop')?.container.get('memory')?.max;
const mebibytes = (count: number): bigint | undefined => parseQuantity(`${count}Mi`);

t.test('F21: a namespace is read when it is asked for, in two bounded requests, and kept for a minute', async (t) => {
  const { server, limits } = setUp();
  server.answer = (path) => Promise.resolve(path.endsWith('limitranges') ? range('300Mi') : { items: [] });
  t.equal(limits.of('shop'), undefined);
  await limits.prepare('shop', 'mutate', undefined);
  t.equal(maxOf(limits), mebibytes(300));
  t.same(server.paths, ['/api/v1/namespaces/shop/limitranges', '/api/v1/namespaces/shop/resourcequotas']);
  t.match(server.options, [{ query: { limit: 100 }, longestBytes: 4 * 1024 * 1024 }, {}]);
  server.nowMs = 59_999;
  t.equal(limits.prepare('shop', 'mutate', undefined), undefined, 'nothing to wait for');
  server.nowMs = 60_000;
  server.answer = () => Promise.resolve({ items: [] });
  await limits.prepare('shop', 'mutate', () => new AbortController().signal);
  t.equal(limits.of('shop'), noLimits);
  t.equal(server.paths.length, 4);
});

t.test('F21: pods of one namespace share one reading', async (t) => {
  const { server, limits } = setUp();
  await Promise.all(Array.from({ length: 20 }, async () => await limits.prepare('shop', 'mutate', undefined)));
  t.equal(server.paths.length, 2);
});

t.test('F21: what was known stays while it cannot be read, and is tried again after ten seconds', async (t) => {
  const { server, limits } = setUp();
  server.answer = () => Promise.resolve(range('300Mi'));
  await limits.prepare('shop', 'mutate', undefined);
  server.nowMs = 60_000;
  server.answer = forbidden;
  await limits.prepare('shop', 'mutate', undefined);
  t.equal(maxOf(limits), mebibytes(300));
  t.equal(limits.trouble('shop'), 'Outrider may not list them');
  server.nowMs = 69_999;
  t.equal(limits.prepare('shop', 'mutate', undefined), undefined);
  t.equal(limits.prepare('shop', 'validate', undefined), undefined);
  server.nowMs = 70_000;
  server.answer = () => Promise.resolve(range('200Mi'));
  await limits.prepare('shop', 'mutate', undefined);
  t.equal(maxOf(limits), mebibytes(200));
  t.equal(limits.trouble('shop'), undefined);
});

t.test('F21: without the right to read, nothing is known, and nobody waits each time', async (t) => {
  const { server, limits } = setUp();
  server.answer = forbidden;
  await limits.prepare('shop', 'mutate', undefined);
  t.equal(limits.of('shop'), undefined);
  t.equal(limits.trouble('shop'), 'Outrider may not list them');
  t.equal(limits.prepare('shop', 'mutate', undefined), undefined);
  await limits.prepare('a/b', 'mutate', undefined);
  t.equal(limits.of('a/b'), undefined, 'no namespace has that name');
  t.equal(server.paths.length, 2);
});

t.test(
  'F21: an API server that does not answer holds a pod up for half a second, and what it says later counts',
  async (t) => {
    const { server, limits } = setUp();
    let answer: (object: JsonObject) => void = () => undefined;
    const slow = new Promise<JsonObject>((resolve) => (answer = resolve));
    server.answer = () => slow;
    // The deadline's own timer keeps no process alive.
    const alive = setInterval(() => undefined, 1_000);
    t.teardown(() => clearInterval(alive));
    const startMs = performance.now();
    await limits.prepare('shop', 'mutate', undefined);
    const tookMs = performance.now() - startMs;
    t.ok(tookMs > 400 && tookMs < 3_000, `${tookMs} ms`);
    t.equal(limits.of('shop'), undefined);
    await limits.prepare('shop', 'mutate', () => AbortSignal.abort());
    t.equal(server.paths.length, 2, 'one reading');
    answer(range('300Mi'));
    await new Promise(setImmediate);
    t.equal(maxOf(limits), mebibytes(300));
  },
);

t.test('F21: who is about to deny looks again after five seconds', async (t) => {
  const { server, limits } = setUp();
  await limits.prepare('shop', 'validate', undefined);
  server.nowMs = 4_999;
  t.equal(limits.prepare('shop', 'validate', undefined), undefined);
  server.nowMs = 5_000;
  t.equal(limits.prepare('shop', 'mutate', undefined), undefined);
  await limits.prepare('shop', 'validate', undefined);
  t.equal(server.paths.length, 4);
});

t.test('F21: so many LimitRanges that they do not come in one page are not known', async (t) => {
  const { server, limits } = setUp();
  server.answer = () => Promise.resolve({ items: [], metadata: { continue: 'more' } });
  await limits.prepare('shop', 'mutate', undefined);
  t.equal(limits.of('shop'), undefined);
  t.match(limits.trouble('shop'), 'there are more than 100');
});

t.test('F21: what the API server says to us is not told to whoever creates a pod', async (t) => {
  const { server, limits } = setUp();
  const troubleAfter = async (error: Error): Promise<string | undefined> => {
    server.answer = () => Promise.reject(error);
    server.nowMs += 60_000;
    await limits.prepare('shop', 'mutate', undefined);
    return limits.trouble('shop');
  };
  const said = 'User "system:serviceaccount:outrider-system:outrider"';
  t.equal(
    await troubleAfter(new ApiError(said, { status: 503, reason: 'ServiceUnavailable' })),
    'the API server answered 503',
  );
  t.equal(await troubleAfter(new ApiError(said, { status: 0, reason: 'NoAnswer' })), 'the API server did not answer');
  t.equal(await troubleAfter(new Error(said)), 'the API server did not answer');
});

t.test('F21: namespaces that nobody asks for any more are forgotten', async (t) => {
  const { server, limits } = setUp();
  const values = Array.from({ length: 2_000 }, (_, index) => `class-${index}`.padEnd(500, 'x'));
  server.answer = () =>
    Promise.resolve({
      items: [
        { spec: { hard: { cpu: 1 }, scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', values }] } } },
      ],
    });
  for (let index = 0; index < 40; index++) await limits.prepare(`shop-${index}`, 'mutate', undefined);
  t.equal(limits.of('shop-0'), undefined);
  t.ok(limits.of('shop-39'));
});
