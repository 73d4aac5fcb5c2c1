import { connect, type TLSSocket } from 'node:tls';

/** What is asked of a server. */
export interface Target {
  readonly port: number;
  /** Authority of its certificate, PEM. */
  readonly ca: string;
  readonly path: string;
  /** Sent in turn. */
  readonly bodies: readonly string[];
  readonly count: number;
  readonly connections: number;
  /** A connection, with a TLS handshake of its own, for each request. */
  readonly churn?: boolean;
  /** What every answer must have in it. */
  readonly answersWith?: string;
}

/** What happened to it, on the client's side. */
export interface Load {
  readonly seconds: number;
  /** In no order. */
  readonly latenciesMs: readonly number[];
}

// Go's HTTP client writes a buffer of 4 KB with the head in it first, and then copies the body 32 KB at a time.
const firstWriteBytes = 4 * 1024;
const furtherWriteBytes = 32 * 1024;
const endOfHead = Buffer.from('\r\n\r\n');

/**
 * Posts bodies over connections that are kept, one request at a time on each. It speaks HTTP by hand, since a client
 * that costs as much as the server would measure itself.
 * @throws Error for any answer but HTTP 200 with what it must have in it
 */
export async function load(target: Target): Promise<Load> {
  const { count, connections, churn = false } = target;
  const requests = target.bodies.map((body) => requestOf(target.path, body, churn));
  const latenciesMs: number[] = [];
  let asked = 0;
  const worker = async (): Promise<void> => {
    let connection: Connection | undefined;
    for (;;) {
      const request = asked < count ? requests[asked++ % requests.length] : undefined;
      if (request === undefined) break;
      const startMs = performance.now();
      connection ??= await open(target);
      const answer = await connection.ask(request);
      latenciesMs.push(performance.now() - startMs);
      check(answer, target);
      if (churn) {
        connection.close();
        connection = undefined;
      }
    }
    connection?.close();
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: Math.min(connections, count) }, worker));
  return { seconds: (performance.now() - startMs) / 1000, latenciesMs };
}

/** Posts one body and returns the answer's own. @throws Error for any answer but HTTP 200 */
export async function ask(target: Pick<Target, 'port' | 'ca' | 'path'>, body: string): Promise<string> {
  const connection = await open(target);
  const answer = await connection.ask(requestOf(target.path, body, true));
  connection.close();
  check(answer, target);
  return answer.subarray(answer.indexOf(endOfHead) + endOfHead.length).toString();
}

function requestOf(path: string, body: string, closes: boolean): readonly Buffer[] {
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: localhost',
    'user-agent: kube-apiserver-admission',
    `content-length: ${Buffer.byteLength(body)}`,
    'accept: application/json, */*',
    'content-type: application/json',
    'accept-encoding: gzip',
    ...(closes ? ['connection: close'] : []),
  ];
  const whole = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
  const pieces = [whole.subarray(0, firstWriteBytes)];
  for (let at = firstWriteBytes; at < whole.length; at += furtherWriteBytes) {
    pieces.push(whole.subarray(at, at + furtherWriteBytes));
  }
  return pieces;
}

function check(answer: Buffer, { path, answersWith }: Pick<Target, 'path' | 'answersWith'>): void {
  if (!answer.subarray(0, 12).equals(Buffer.from('HTTP/1.1 200'))) {
    throw new Error(`${path} answered ${answer.subarray(0, 300).toString()}`);
  }
  if (answersWith !== undefined && !answer.includes(answersWith)) {
    throw new Error(`${path} answered without ${answersWith}: ${answer.subarray(0, 900).toString()}`);
  }
}

interface Connection {
  /** Resolves with the whole answer, its head included. */
  ask(request: readonly Buffer[]): Promise<Buffer>;
  close(): void;
}

async function open({ port, ca }: Pick<Target, 'port' | 'ca'>): Promise<Connection> {
  const socket = await new Promise<TLSSocket>((resolve, reject) => {
    const opening = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' }, () => resolve(opening));
    opening.setNoDelay(true);
    opening.once('error', reject);
  });
  let parts: Buffer[] = [];
  let length = 0;
  let wanted = Infinity;
  let waiting: { resolve: (answer: Buffer) => void; reject: (error: Error) => void } | undefined;
  socket.on('data', (part: Buffer) => {
    parts.push(part);
    length += part.length;
    if (wanted === Infinity) wanted = lengthOf(parts.length === 1 ? part : Buffer.concat(parts));
    if (length < wanted) return;
    const answer = Buffer.concat(parts);
    [parts, length, wanted] = [[], 0, Infinity];
    waiting?.resolve(answer);
    waiting = undefined;
  });
  const fail = (error: Error): void => {
    waiting?.reject(error);
    waiting = undefined;
  };
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection before it answered')));
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        for (const piece of request) socket.write(piece);
      }),
    close: () => socket.destroy(),
  };
}

/** How long an answer is with its head; infinite while that is not known. */
function lengthOf(start: Buffer): number {
  const end = start.indexOf(endOfHead);
  if (end === -1) return Infinity;
  const match = /^content-length: *(\d+)/im.exec(start.subarray(0, end).toString('latin1'));
  if (match === null) throw new Error('an answer without content-length');
  return end + endOfHead.length + Number(match[1]);
}
