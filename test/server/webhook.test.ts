import t from 'tap';
import { OutriderError } from '../../src/model/error.js';
import type { ReviewContext, ReviewHandler, ReviewHandlers } from '../../src/server/review-context.js';
import type { CallerProof } from '../../src/server/proof.js';
import { WebhookServer, type WebhookLimits } from '../../src/server/webhook.js';
import { makePair, observers, open, post, smallLimits as limits, until } from './harness.js';

const { ca, pair } = await makePair();

type PodHandlers = NonNullable<ReviewHandlers['pods']>;

const echo: PodHandlers = {
  mutate: (body) => `{"mutate":${body.toString()}}`,
  validate: (body) => Promise.resolve(`{"validate":${body.toString()}}`),
};

type Parent = Pick<typeof t, 'teardown'>;

async function serve(
  t: Parent,
  handlers: PodHandlers | undefined,
  own: Partial<WebhookLimits> = {},
  proof?: CallerProof,
) {
  const seen = await observers();
  const server = new WebhookServer({ pair, limits: { ...limits, ...own }, ...seen, proof });
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  if (handlers !== undefined) server.setHandlers({ pods: handlers });
  t.teardown(() => server.close(0));
  const client = async (options: object = {}) => {
    const connection = await open(port, { ca, ...options });
    t.teardown(() => connection.socket.destroy());
    return connection;
  };
  return { server, port, client, ...seen };
}

t.test('TLS 1.2 and 1.3 are spoken, nothing older, and HTTP/1.1 only', async (t) => {
  const { port, client } = await serve(t, echo);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const connection = await client({ minVersion: version, maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'] });
    t.equal(connection.socket.getProtocol(), version);
    t.equal(connection.socket.alpnProtocol, 'http/1.1');
    connection.send(post('1'));
    t.match(await connection.next(), { status: 200, body: '{"mutate":1}' });
  }
  const old = { ca, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  await t.rejects(open(port, old), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
});

t.test(
  'F25: a door is called with a token behind its path, and its handler told whether that proves anything',
  async (t) => {
    const tells: ReviewHandler = (_body, { door, isProven }) => `"${door} ${isProven ? 'proven' : 'unproven'}"`;
    const proof: CallerProof = { isProven: (door, token) => token === `of-${door}` };
    const ask = async (path: string, given: CallerProof | undefined) => {
      const { client } = await serve(t, { mutate: tells, validate: tells }, {}, given);
      const connection = await client();
      connection.send(post('1', { path }));
      const { status, body } = await connection.next();
      return status === 200 ? body : status;
    };
    t.equal(await ask('/mutate/pods/of-mutate', proof), '"mutate proven"');
    t.equal(await ask('/mutate/pods/of-mutate?timeout=5s', proof), '"mutate proven"');
    t.equal(await ask('/validate/pods/of-validate', proof), '"validate proven"');
    for (const path of ['/mutate/pods', '/mutate/pods/of-validate', '/mutate/pods/x', '/mutate/pods/%2e%2e']) {
      t.equal(await ask(path, proof), '"mutate unproven"', path);
    }
    t.equal(await ask('/mutate/pods/of-mutate/x', proof), 404);
    t.equal(await ask(`/mutate/pods/${'a'.repeat(200)}`, proof), 404);
    t.equal(await ask('/mutate/pods', undefined), '"mutate proven"', 'where nobody is asked');
    t.equal(await ask('/mutate/pods/of-mutate', undefined), 404, 'nor are there such paths');
  },
);

t.test('F25: no log line and no error names a path with a token', async (t) => {
  const token = 'f'.repeat(56);
  const fails: ReviewHandler = () => Promise.reject(new Error('broken'));
  const { client, lines } = await serve(t, { mutate: fails, validate: fails }, {}, { isProven: () => true });
  const bodies: string[] = [];
  for (const one of [
    post('1', { path: `/mutate/pods/${token}` }),
    post('', { path: `/mutate/pods/${token}` }),
    post('1', { path: `/mutate/pods/${token}`, headers: { 'content-type': 'text/plain' } }),
    post('1', { path: `/mutate/pods/${token}/x` }),
    post('1', { path: `/mutate/pods/${token}?timeout=x` }),
    post('1', { path: `/mutate/pods/${token}/%zz` }),
    post('x'.repeat(5_000), { path: `/mutate/pods/${token}` }),
  ]) {
    const connection = await client();
    connection.send(one);
    bodies.push((await connection.next()).body);
  }
  t.notMatch(`${bodies.join()}${lines().join()}`, new RegExp(token));
});

t.test('E42: the self-test is answered where there is one, and not measured as a review', async (t) => {
  const answer: ReviewHandler = (body, { door }) => `{"${door} self-test":${body.toString()}}`;
  const { client, metric, server } = await serve(t, undefined);
  const ask = async (door: string) => {
    const connection = await client();
    connection.send(post('1', { path: `/${door}/self-test` }));
    return connection.next();
  };
  t.match(await ask('mutate'), { status: 503, body: /not_loaded/ });
  server.setHandlers({ pods: echo });
  t.match(await ask('validate'), { status: 404, body: /path_unknown/ });
  server.setHandlers({ pods: echo, selfTest: { mutate: answer, validate: answer } });
  t.match(await ask('mutate'), { status: 200, body: '{"mutate self-test":1}' });
  t.match(await ask('validate'), { status: 200, body: '{"validate self-test":1}' });
  t.notOk(await metric('outrider_admission_duration_seconds', { door: 'mutate', le: '+Inf' }));
});

t.test('E44: the self-test is told by which configuration it was called, with a token and without', async (t) => {
  const tells: ReviewHandler = (_body, { door, isProven, objectHash }) =>
    JSON.stringify(`${door} ${isProven ? 'proven' : 'unproven'} ${objectHash ?? 'by none'}`);
  const proof: CallerProof = { isProven: (_door, token) => token === 'token' };
  const { client, server } = await serve(t, undefined, {}, proof);
  server.setHandlers({ pods: echo, selfTest: { mutate: tells, validate: tells } });
  const ask = async (path: string) => {
    const connection = await client();
    connection.send(post('1', { path }));
    const { status, body } = await connection.next();
    return status === 200 ? body : status;
  };
  const hash = '0123456789abcdef'.repeat(2);
  t.equal(await ask(`/mutate/self-test/token/${hash}?timeout=5s`), `"mutate proven ${hash}"`);
  t.equal(await ask(`/validate/self-test/token/${hash}`), `"validate proven ${hash}"`);
  t.equal(await ask('/mutate/self-test/token'), '"mutate proven by none"');
  t.equal(await ask(`/mutate/self-test/${hash}`), `"mutate unproven ${hash}"`);
  t.equal(await ask(`/mutate/self-test/wrong/${hash}`), `"mutate unproven ${hash}"`);
  t.equal(await ask('/mutate/self-test/token/x'), '"mutate proven by none"', 'what is no hash names nothing');
  t.equal(await ask(`/mutate/self-test/token/${hash}/x`), 404);
  t.equal(await ask(`/mutate/pods/token/${hash}`), 404, 'pods are not asked about by it');
});

t.test('both doors answer, many times on one connection', async (t) => {
  const { client, metric } = await serve(t, echo);
  const connection = await client();
  for (let round = 0; round < 3; round++) {
    connection.send(post('1'));
    const answer = await connection.next();
    t.match(answer, { status: 200, body: '{"mutate":1}' });
    t.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
    t.equal(answer.headers['connection'], 'keep-alive');
    connection.send(post('2', { path: '/validate/pods?timeout=5s' }));
    t.match(await connection.next(), { status: 200, body: '{"validate":2}' });
  }
  t.equal(await metric('outrider_admission_duration_seconds', { door: 'mutate', le: '+Inf' }), 3);
  t.equal(await metric('outrider_admission_in_flight'), 0);
  connection.send(post('1', { headers: { 'content-type': 'application/json; charset=utf-8' } }));
  t.match(await connection.next(), { status: 200 });
  connection.send(post('1') + post('2'));
  t.match(await connection.next(), { status: 200, body: '{"mutate":1}' }, 'pipelined');
  t.match(await connection.next(), { status: 200, body: '{"mutate":2}' });
});

t.test('bodies of any length come whole, in however many pieces they are sent', async (t) => {
  const { client } = await serve(t, echo, { maxBodyBytes: 400_000, requestTimeoutMs: 30_000 });
  const connection = await client();
  for (const length of [2, 20_000, 65_535, 65_536, 65_537, 200_000, 400_000]) {
    const body = JSON.stringify(Array.from({ length }, (_, at) => at % 10).join('')).slice(0, length - 1) + '"';
    const request = post(body);
    for (const pieces of [1, 2, 7]) {
      const piece = Math.ceil(request.length / pieces);
      for (let at = 0; at < request.length; at += piece) {
        connection.send(request.slice(at, at + piece));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      const answer = await connection.next();
      t.equal(answer.status, 200);
      t.ok(answer.body === `{"mutate":${body}}`, `${length} bytes in ${pieces}`);
    }
  }
});

t.test('large bodies that come at the same time stay apart, whatever becomes of the others', async (t) => {
  const { client } = await serve(t, echo, { maxBodyBytes: 400_000, maxInFlight: 10, requestTimeoutMs: 30_000 });
  const connections = await Promise.all(Array.from({ length: 6 }, () => client()));
  for (let round = 0; round < 4; round++) {
    const bodies = connections.map((_, index) => JSON.stringify(`${index}${round}`.repeat(70_000 + 10_000 * index)));
    const halves = bodies.map((body) => post(body, { path: round % 2 === 0 ? '/mutate/pods' : '/validate/pods' }));
    for (const [index, connection] of connections.entries()) connection.send(halves[index]?.slice(0, 100_000) ?? '');
    const gone = await client();
    gone.send(post(JSON.stringify('-'.repeat(300_000))).slice(0, 200_000));
    await until(() => gone.socket.bytesWritten >= 200_000);
    gone.socket.destroy();
    for (const [index, connection] of connections.entries()) connection.send(halves[index]?.slice(100_000) ?? '');
    const answers = await Promise.all(connections.map((connection) => connection.next()));
    const door = round % 2 === 0 ? 'mutate' : 'validate';
    t.ok(answers.every(({ body }, index) => body === `{"${door}":${bodies[index] ?? ''}}`));
  }
});

t.test('F16: beyond the budget a large body is answered with 503, and a small one as ever', async (t) => {
  const mebibyte = 1024 * 1024;
  const budget = { maxBodyBytes: mebibyte, maxPendingBytes: 3 * mebibyte, requestTimeoutMs: 60_000 };
  const { client, metric } = await serve(t, echo, budget);
  const whole = post(JSON.stringify('x'.repeat(mebibyte - 2)));
  const slow = await client();
  slow.send(whole.slice(0, -1));
  await until(async () => (await metric('outrider_admission_pending_bytes')) === mebibyte);
  const [waits, small] = [await client(), await client()];
  waits.send(whole);
  small.send(post('1'));
  t.match(await small.next(), { status: 200 });
  t.match(await slow.next(), {
    status: 503,
    headers: { 'retry-after': '1', connection: 'close' },
    body: /over_budget/,
  });
  t.match(await waits.next(), { status: 200 }, 'who waited for the room of one that sends nothing');
  await until(async () => (await metric('outrider_admission_pending_bytes')) === 0);
  t.equal(await metric('outrider_rejected_requests_total', { cause: 'over_budget' }), 1);
});

t.test('F16: what a client that goes away had sent counts no longer', async (t) => {
  const { client, metric } = await serve(t, echo, { maxBodyBytes: 400_000, requestTimeoutMs: 60_000 });
  for (const bytes of [1_000, 60_000, 200_000]) {
    const gone = await client();
    gone.send(post('1'.repeat(300_000)).slice(0, bytes));
    await until(async () => Number(await metric('outrider_admission_pending_bytes')) > 0);
    gone.socket.destroy();
    await until(async () => (await metric('outrider_admission_pending_bytes')) === 0);
  }
  t.pass();
});

t.test('F18: a review that waits counts as long as it does, and an answer until it is taken, or cut', async (t) => {
  const answers: ((text: string) => void)[] = [];
  const handlers: PodHandlers = { mutate: () => new Promise((resolve) => answers.push(resolve)) };
  const { client, metric } = await serve(t, handlers, { maxBodyBytes: 400_000, requestTimeoutMs: 1_500 });
  const pending = () => metric('outrider_admission_pending_bytes');
  const connection = await client();
  connection.send(post(JSON.stringify('x'.repeat(40_000))));
  await until(() => answers.length === 1);
  t.equal(await pending(), 40_002);
  answers[0]?.('{}');
  t.match(await connection.next(), { status: 200 });
  t.equal(await pending(), 0);

  connection.socket.pause();
  connection.send(post('1'));
  await until(() => answers.length === 2);
  const startMs = performance.now();
  answers[1]?.('x'.repeat(30_000_000));
  await until(async () => (await pending()) === 30_000_000);
  await until(async () => (await pending()) === 0);
  t.ok(performance.now() - startMs >= 1_400, 'it may take as long as a request');
});

t.test('a text of nothing but values is refused before it is parsed', async (t) => {
  const { client } = await serve(t, echo, { maxBodyBytes: 8_000_000, requestTimeoutMs: 60_000 });
  const connection = await client();
  connection.send(post(`[${'0,'.repeat(2_200_000)}0]`));
  t.match(await connection.next(), { status: 413, body: /too_many_values/ });
});

t.test('F10: a body that is too large but for the status of its pod is read without', async (t) => {
  const bounds = { maxBodyBytes: 100_000, maxWithStatusBytes: 1_000_000, requestTimeoutMs: 60_000 };
  const { client } = await serve(t, echo, bounds);
  const connection = await client();
  const status = { containerStatuses: Array.from({ length: 30_000 }, () => ({ name: '' })) };
  connection.send(post(JSON.stringify({ request: { object: { spec: 1, status } } })));
  t.match(await connection.next(), { body: '{"mutate":{"request":{"object":{"spec":1,"status":null}}}}' });
  connection.send(post(JSON.stringify({ request: { object: { spec: 'x'.repeat(200_000) } } })));
  t.match(await connection.next(), { status: 413, body: /body_too_large/ });
  const other = await client();
  other.send(post(JSON.stringify({ request: { object: { status: 'x'.repeat(1_000_000) } } })).slice(0, 1_000));
  t.match(await other.next(), { status: 413, body: /body_too_large/ });
});

const large = JSON.stringify('x'.repeat(2000));
const chunked = { 'content-length': '', 'transfer-encoding': 'chunked' };
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const head = 'Host: localhost\r\nContent-Type: application/json\r\n';

/** What is sent, and what must come back. `stays`: the same connection serves the next request. */
const malformed: readonly {
  readonly name: string;
  readonly send: string;
  readonly status: number;
  readonly code: string;
  readonly stays: boolean;
}[] = [
  {
    name: 'GET',
    send: `GET /mutate/pods HTTP/1.1\r\n${head}\r\n`,
    status: 405,
    code: 'method_not_allowed',
    stays: true,
  },
  {
    name: 'PUT with a body',
    send: post('1').replace('POST', 'PUT'),
    status: 405,
    code: 'method_not_allowed',
    stays: true,
  },
  {
    name: 'a method that HTTP does not have',
    send: post('1').replace('POST', 'BREW'),
    status: 400,
    code: 'request_malformed',
    stays: false,
  },
  { name: 'another path', send: post('1', { path: '/mutate' }), status: 404, code: 'path_unknown', stays: true },
  { name: 'a path below', send: post('1', { path: '/mutate/pods/x' }), status: 404, code: 'path_unknown', stays: true },
  {
    name: 'a path that cannot be decoded',
    send: post('1', { path: '/%zz' }),
    status: 404,
    code: 'path_unknown',
    stays: true,
  },
  {
    name: 'a path that is a property of every object',
    send: post('1', { path: '/__proto__' }),
    status: 404,
    code: 'path_unknown',
    stays: true,
  },
  ...[
    'text/plain',
    'application/yaml',
    'application/json-patch+json',
    'nonsense',
    'application/x-www-form-urlencoded',
  ].map((type) => ({
    name: `content type ${type}`,
    send: post('1', { headers: { 'content-type': type } }),
    status: 415,
    code: 'content_type_unsupported',
    stays: true,
  })),
  {
    name: 'no content type',
    send: post('1', { headers: { 'content-type': '' } }),
    status: 415,
    code: 'content_type_unsupported',
    stays: true,
  },
  {
    name: 'an encoded body',
    send: post('1', { headers: { 'content-encoding': 'gzip' } }),
    status: 415,
    code: 'content_type_unsupported',
    stays: true,
  },
  { name: 'an empty body', send: post(''), status: 400, code: 'body_empty', stays: true },
  {
    name: 'no body and no content type',
    send: post('', { headers: { 'content-type': '' } }),
    status: 400,
    code: 'body_empty',
    stays: true,
  },
  {
    name: 'an empty chunked body',
    send: post('', { headers: chunked }) + '0\r\n\r\n',
    status: 400,
    code: 'body_empty',
    stays: true,
  },
  { name: 'a body too large by its length', send: post(large), status: 413, code: 'body_too_large', stays: false },
  {
    name: 'a body too large in chunks',
    send: post('', { headers: chunked }) + chunk(large),
    status: 413,
    code: 'body_too_large',
    stays: false,
  },
  ...['10', '-1s', '0s', 'soon', '', '1s&timeout=2s', '1h2'].map((timeout) => ({
    name: `timeout=${timeout}`,
    send: post('1', { path: `/mutate/pods?timeout=${timeout}` }),
    status: 400,
    code: 'timeout_invalid',
    stays: true,
  })),
  {
    name: 'a body that the handler refuses',
    send: post('"refuse"'),
    status: 400,
    code: 'review_invalid',
    stays: true,
  },
  { name: 'no HTTP at all', send: '\x16\x03\x01 hello\r\n\r\n', status: 400, code: 'request_malformed', stays: false },
  {
    name: 'header fields too large',
    send: post('1', { headers: { 'x-long': 'x'.repeat(20_000) } }),
    status: 431,
    code: 'headers_too_large',
    stays: false,
  },
  {
    name: 'a length that is no number',
    send: post('1', { headers: { 'content-length': 'ten' } }),
    status: 400,
    code: 'request_malformed',
    stays: false,
  },
  {
    name: 'both a length and chunks',
    send: post('', { headers: { 'content-length': '5', 'transfer-encoding': 'chunked' } }) + '0\r\n\r\n',
    status: 400,
    code: 'request_malformed',
    stays: false,
  },
  {
    name: 'a chunk of a size that is no number',
    send: post('', { headers: chunked }) + 'zz\r\n1\r\n',
    status: 400,
    code: 'request_malformed',
    stays: false,
  },
  {
    name: 'a body that does not arrive',
    send: `POST /mutate/pods HTTP/1.1\r\n${head}Content-Length: 100\r\n\r\n{`,
    status: 408,
    code: 'request_timeout',
    stays: false,
  },
  {
    name: 'header fields that do not arrive',
    send: 'POST /mutate/pods HTTP/1.1\r\nHost:',
    status: 408,
    code: 'request_timeout',
    stays: false,
  },
];

t.test('each malformed request gets its status and message, and the next one its answer', async (t) => {
  const { client, metric, lines } = await serve(t, {
    ...echo,
    mutate: (body) => {
      if (body.toString() === '"refuse"') throw new OutriderError('review_invalid', 'request is missing.');
      return '{}';
    },
  });
  const counted = new Map<string, number>();
  for (const { name, send, status, code, stays } of malformed) {
    const connection = await client();
    connection.send(send);
    const answer = await connection.next();
    t.equal(answer.status, status, name);
    t.match(JSON.parse(answer.body), { error: { code, message: /^\S.*\.$/ } }, name);
    t.notMatch(answer.body, /at .*:\d+|node_modules/, 'no stack');
    counted.set(code, (counted.get(code) ?? 0) + 1);
    t.equal(await metric('outrider_rejected_requests_total', { cause: code }), counted.get(code), name);
    if (!stays) await until(connection.closed);
    const next = stays ? connection : await client();
    next.send(post('1'));
    t.match(await next.next(), { status: 200 }, `after ${name}`);
  }
  for (const [code, count] of counted) {
    t.equal(await metric('outrider_rejected_requests_total', { cause: code }), count, `${code}: each is counted once`);
  }
  t.equal(await metric('outrider_rejected_requests_total', { cause: 'internal' }), 0);
  t.notOk(
    lines().some((line) => line.includes('"level":"error"')),
    'nothing of it is an error of the server',
  );
});

t.test('requests that are odd but understood', async (t) => {
  const { client, metric, lines } = await serve(t, echo);
  const old = await client();
  old.send(post('1').replace('HTTP/1.1', 'HTTP/1.0'));
  t.match(await old.next(), { status: 200, headers: { connection: 'close' } }, 'HTTP/1.0');
  await until(old.closed);

  const inChunks = await client();
  inChunks.send(post('', { headers: chunked }) + chunk('[1,') + chunk('2]') + '0\r\n\r\n');
  t.match(await inChunks.next(), { status: 200, body: '{"mutate":[1,2]}' });

  const encoded = await client();
  encoded.send(post('1', { path: '/%6dutate/pods?timeout=1s' }));
  t.match(await encoded.next(), { status: 200, body: '{"mutate":1}' }, 'a path that is written in another way');
  encoded.send(post('1', { path: '/%6dutate/pods?timeout=1' }));
  t.match(await encoded.next(), { status: 400, body: /timeout_invalid/ });

  const waiting = await client();
  waiting.send(post('', { headers: { expect: '100-continue', 'content-length': '1' } }));
  waiting.send('7');
  t.match(await waiting.next(), { status: 200, body: '{"mutate":7}' });

  const nameless = await client();
  nameless.send(post('1', { headers: { host: '' } }));
  t.match(await nameless.next(), { status: 400 }, 'HTTP/1.1 without Host');

  const gone = await client();
  gone.send(post('123').slice(0, -1));
  await until(() => gone.socket.bytesWritten > 0);
  gone.socket.destroy();

  const garbage = await client();
  garbage.send(post('1') + 'garbage\r\n\r\n');
  t.match(await garbage.next(), { status: 400 }, 'garbage behind a request in the same record spoils both');
  await until(garbage.closed);
  t.equal(await metric('outrider_rejected_requests_total', { cause: 'internal' }), 0);
  t.notOk(
    lines().some((line) => line.includes('"level":"error"')),
    'a client that goes is no error of the server',
  );
});

t.test('the answer to a body far too large is not lost with the rest of the body', async (t) => {
  const { client } = await serve(t, echo, { requestTimeoutMs: 30_000 });
  const megabytes = 'x'.repeat(4_000_000);
  for (const request of [post(megabytes), post('', { headers: chunked }) + chunk(megabytes) + '0\r\n\r\n']) {
    const connection = await client();
    connection.send(request);
    t.match(await connection.next(), { status: 413, headers: { connection: 'close' } });
    await until(connection.closed);
    t.equal(connection.socket.bytesWritten > megabytes.length, true, 'all of it was taken');
  }
});

t.test('an error in a handler is a 500 without its text, and the server lives', async (t) => {
  const { client, lines, metric } = await serve(t, {
    mutate: () => {
      throw new Error('secret detail');
    },
    validate: () => Promise.reject(new Error('secret detail')),
  });
  const connection = await client();
  for (const path of ['/mutate/pods', '/validate/pods', '/mutate/pods']) {
    connection.send(post('1', { path }));
    const answer = await connection.next();
    t.equal(answer.status, 500);
    t.match(JSON.parse(answer.body), { error: { code: 'internal' } });
    t.notMatch(answer.body, /secret/);
  }
  t.equal(lines().filter((line) => line.includes('secret detail')).length, 3, 'the log has it');
  t.equal(await metric('outrider_admission_in_flight'), 0);
});

t.test('the deadline is the caller’s less a margin, and the signal follows it and the caller', async (t) => {
  const contexts: ReviewContext[] = [];
  const { client, metric } = await serve(t, {
    mutate: (_body, context) => {
      contexts.push(context);
      return '{}';
    },
    validate: (_body, context) =>
      new Promise((resolve) => {
        contexts.push(context);
        context.signal.addEventListener('abort', () => resolve('"aborted"'));
      }),
  });
  const connection = await client();
  const leftMs = async (path: string, headers = {}): Promise<number> => {
    connection.send(post('1', { path, headers }));
    const before = performance.now();
    await connection.next();
    return (contexts.at(-1)?.deadlineMs ?? 0) - before;
  };
  const near = (found: number, wanted: number): unknown =>
    t.ok(Math.abs(found - wanted) < 2_000, `${found} ~ ${wanted}`);
  near(await leftMs('/mutate/pods'), 9_500);
  near(await leftMs('/mutate/pods?timeout=20s'), 19_500);
  near(await leftMs('/mutate/pods?timeout=10m'), 29_500);
  near(await leftMs('/mutate/pods?other=1&timeout=1s'), 500);
  t.equal(contexts.at(-1)?.traceparent, undefined);
  await leftMs('/mutate/pods', { traceparent: '00-1-2-01' });
  t.equal(contexts.at(-1)?.traceparent, '00-1-2-01');
  t.equal(contexts.at(-1)?.door, 'mutate');
  t.equal(contexts.at(-1)?.signal.aborted, true, 'asked for when the answer is made, it is aborted and holds no timer');

  connection.send(post('1', { path: '/validate/pods?timeout=20ms' }));
  t.match(await connection.next(), { status: 200, body: '"aborted"' }, 'the deadline aborts');
  t.match(contexts.at(-1)?.signal.reason, { name: 'TimeoutError' });

  connection.send(post('1', { path: '/validate/pods' }));
  const before = contexts.length;
  await until(() => contexts.length > before);
  connection.socket.destroy();
  await until(() => contexts.at(-1)?.signal.aborted === true);
  t.match(contexts.at(-1)?.signal.reason, { name: 'AbortError' });
  await until(async () => (await metric('outrider_admission_in_flight')) === 0);
});

t.test('not loaded and overloaded are 503 with Retry-After, on a connection that ends', async (t) => {
  const { server, client, metric } = await serve(t, undefined);
  const refused = async (code: string): Promise<void> => {
    const connection = await client();
    connection.send(post('1'));
    const answer = await connection.next();
    t.match(answer, { status: 503, headers: { 'retry-after': '1', connection: 'close' } });
    t.match(JSON.parse(answer.body), { error: { code } });
    await until(connection.closed);
  };
  await refused('not_loaded');
  const release: (() => void)[] = [];
  const slow = () => new Promise<string>((resolve) => release.push(() => resolve('{}')));
  server.setHandlers({ pods: { mutate: slow, validate: slow } });
  const held = [await client(), await client()];
  for (const connection of held) connection.send(post('1'));
  await until(() => server.inFlight === 2);
  t.equal(await metric('outrider_admission_in_flight'), 2);
  await refused('overloaded');
  t.equal(await metric('outrider_rejected_requests_total', { cause: 'overloaded' }), 1);
  for (const end of release) end();
  for (const connection of held) t.match(await connection.next(), { status: 200 });
  server.setHandlers({ pods: echo });
  held[0]?.send(post('1'));
  t.match(await held[0]?.next(), { status: 200, body: '{"mutate":1}' }, 'handlers change on an open connection');
});

t.test('draining answers and closes, closing refuses and waits for what is under way', async (t) => {
  const release: (() => void)[] = [];
  const { server, port, client } = await serve(t, {
    ...echo,
    validate: () => new Promise((resolve) => release.push(() => resolve('"late"'))),
  });
  const kept = await client();
  kept.send(post('1'));
  t.match(await kept.next(), { headers: { connection: 'keep-alive' } });
  const busy = await client();
  busy.send(post('1', { path: '/validate/pods' }));
  const half = await client();
  half.send(post('1').slice(0, -1));
  await until(() => server.inFlight === 1);

  server.startDraining();
  kept.send(post('1'));
  t.match(await kept.next(), { status: 200, headers: { connection: 'close' } }, 'a kept-alive connection is let go');
  await until(kept.closed);
  const fresh = await client();
  fresh.send(post('1'));
  t.match(await fresh.next(), { status: 200, headers: { connection: 'close' } }, 'a new one is still served');

  const closed = server.close(60_000);
  half.send('1');
  t.match(await half.next(), { status: 503, headers: { 'retry-after': '1', connection: 'close' } }, 'a straggler');
  const isRefused = (error: { code?: unknown }): boolean => error.code === 'ECONNREFUSED';
  await until(() => open(port, { ca }).then(() => false, isRefused));
  for (const end of release) end();
  t.match(await busy.next(), { status: 200, body: '"late"', headers: { connection: 'close' } });
  await closed;
});

t.test('closing cuts what does not end', async (t) => {
  const { server, client } = await serve(t, { ...echo, mutate: () => new Promise(() => undefined) });
  const stuck = await client();
  stuck.send(post('1'));
  await until(() => server.inFlight === 1);
  await server.close(10);
  await t.rejects(stuck.next(), /the connection ended/);
});

t.test('a taken port is an error that names the setting', async (t) => {
  const { port, logger, metrics } = await serve(t, echo);
  const second = new WebhookServer({ pair, limits, logger, metrics });
  await t.rejects(second.listen({ host: '127.0.0.1', port }), { code: 'listen_failed', message: /--listen-port/ });
  await second.close(0);
});
