// Runs a program in a container, over the API server's WebSocket for `pods/exec`.
import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { request, upgrade } from 'undici';
import { isObject, listOf, objectOf, parsedJson, stringOf } from '../../model/json.js';
import { ApiError, refusalOf } from './api-error.js';
import { bodyText } from './body-text.js';
import type { Connection } from './connection.js';
import { pathOf, resources } from './resources.js';
import { WebSocketMessages } from './web-socket-messages.js';

/** What to run, and where. */
export interface ExecRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command: readonly string[];
  /** The time limit for the whole run. */
  readonly timeoutMs: number;
  /** How much of its output to read. After that, the rest and the program are abandoned. */
  readonly longestBytes: number;
}

/** The result of a program. */
export interface Executed {
  readonly stdout: string;
  /** Only the beginning. */
  readonly stderr: string;
  /** `undefined` if it was not started, or its output was cut off. */
  readonly exitCode: number | undefined;
  /** Whether standard output had more than the limit. */
  readonly cut: boolean;
  /** Why it was not started, in the runtime's words. */
  readonly trouble: string | undefined;
}

/** Runs a program in a container. Throws `ApiError` if the request is refused, and with status 0 if no answer comes. */
export type Executor = (request: ExecRequest) => Promise<Executed>;

// The first byte of each message says which stream the rest belongs to.
const channels = { stdout: 1, stderr: 2, status: 3 } as const;
const protocols = 'v5.channel.k8s.io, v4.channel.k8s.io';
const longestMessageBytes = 4 * 1024 * 1024;
const longestStderrBytes = 2048;
const longestRefusalBytes = 64 * 1024;

/**
 * Makes an executor on a connection.
 * @param userAgent what the API server's audit log shows
 */
export function createExecutor(connection: Connection, userAgent: string): Executor {
  return async (asked) => {
    const { namespace, pod, container, command, timeoutMs } = asked;
    const path = pathOf(resources.pods, { namespace, name: pod, subresource: 'exec' });
    const url = new URL(`${connection.server}${path}`);
    for (const [name, value] of Object.entries({ container, stdout: 'true', stderr: 'true' })) {
      url.searchParams.append(name, value);
    }
    for (const word of command) url.searchParams.append('command', word);
    const signal = AbortSignal.timeout(timeoutMs);
    const { headers, dispatcher } = await connection.authenticate();
    const own: Own = {
      headers: { ...headers, 'user-agent': userAgent },
      ...(dispatcher === undefined ? {} : { dispatcher }),
    };
    const socket = await openWebSocket(url, own, signal);
    if (socket === undefined) throw await refusal(url, own, signal);
    try {
      return await new Session(`exec in ${namespace}/${pod}`, asked.longestBytes).listenTo(socket, signal);
    } finally {
      // A server that is gone would never end it.
      socket.destroy();
    }
  };
}

/** @returns `undefined` if the server does not accept the request */
async function openWebSocket(url: URL, own: Own, signal: AbortSignal): Promise<Duplex | undefined> {
  const key = randomBytes(16).toString('base64');
  const headers = {
    ...own.headers,
    'sec-websocket-version': '13',
    'sec-websocket-key': key,
    'sec-websocket-protocol': protocols,
  };
  try {
    const { socket, headers: answer } = await upgrade(url, { ...own, headers, protocol: 'websocket', signal });
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    if (answer['sec-websocket-accept'] === accept) return socket;
    socket.destroy();
    return undefined;
  } catch {
    // Asks for the cause without a WebSocket, because a WebSocket's error does not give it.
    return undefined;
  }
}

/** One run. It gathers output, up to its limits. */
class Session {
  readonly #what: string;
  readonly #longestBytes: number;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  #stdoutBytes = 0;
  #stderrBytes = 0;
  #status: string | undefined;
  #cut = false;

  constructor(what: string, longestBytes: number) {
    this.#what = what;
    this.#longestBytes = longestBytes;
  }

  /** Listens until the program ends, the output limit is reached, or the time is over. */
  listenTo(socket: Duplex, signal: AbortSignal): Promise<Executed> {
    const messages = new WebSocketMessages(longestMessageBytes);
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => reject(this.#noAnswer(why));
      if (signal.aborted) fail('it takes too long');
      signal.addEventListener('abort', () => fail('it takes too long'), { once: true });
      socket.on('data', (chunk: Buffer) => {
        try {
          for (const message of messages.take(chunk)) this.#take(message);
        } catch (error) {
          fail(error instanceof Error ? error.message : String(error));
        }
        const result = this.#result();
        if (result !== undefined) resolve(result);
        else if (messages.closed) fail('the connection ended early');
      });
      for (const end of ['end', 'close', 'error']) socket.on(end, () => fail('the connection ended early'));
    });
  }

  #take(message: Buffer): void {
    const content = message.subarray(1);
    if (message[0] === channels.stdout) {
      const room = Math.max(0, this.#longestBytes - this.#stdoutBytes);
      this.#stdout.push(content.subarray(0, room));
      this.#stdoutBytes += content.length;
      if (content.length > room) this.#cut = true;
    } else if (message[0] === channels.stderr) {
      const room = Math.max(0, longestStderrBytes - this.#stderrBytes);
      this.#stderr.push(content.subarray(0, room));
      this.#stderrBytes += content.length;
    } else if (message[0] === channels.status) {
      this.#status = content.subarray(0, longestRefusalBytes).toString('utf8');
    }
  }

  #result(): Executed | undefined {
    if (!this.#cut && this.#status === undefined) return undefined;
    return {
      stdout: Buffer.concat(this.#stdout).toString('utf8'),
      stderr: Buffer.concat(this.#stderr).toString('utf8'),
      cut: this.#cut,
      ...endOf(this.#status),
    };
  }

  #noAnswer(why: string): ApiError {
    return new ApiError(`${this.#what}: ${why}`, { status: 0, reason: 'NoAnswer' });
  }
}

/** How a program ended, according to the `Status` in the last message. */
function endOf(text: string | undefined): Pick<Executed, 'exitCode' | 'trouble'> {
  if (text === undefined) return { exitCode: undefined, trouble: undefined };
  const status = objectOf(parsedJson(text)) ?? {};
  if (status['status'] === 'Success') return { exitCode: 0, trouble: undefined };
  const causes = listOf(objectOf(status['details'])?.['causes']).filter(isObject);
  const code = Number(stringOf(causes.find(({ reason }) => reason === 'ExitCode')?.['message']));
  const trouble = stringOf(status['message']) ?? 'it does not say why';
  return status['reason'] === 'NonZeroExitCode' && Number.isInteger(code)
    ? { exitCode: code, trouble: undefined }
    : { exitCode: undefined, trouble };
}

type Own = { readonly headers: Record<string, string> } & Pick<
  NonNullable<Parameters<typeof request>[1]>,
  'dispatcher'
>;

/**
 * Finds out why a WebSocket was refused, which its error does not say, by sending the same request without one. It tries
 * both verbs, because a WebSocket is a GET, and Kubernetes 1.35 also requires the right to create. Nothing runs: an exec
 * that is not a WebSocket is a bad request.
 */
async function refusal(url: URL, own: Own, signal: AbortSignal): Promise<ApiError> {
  const what = `exec at ${url.pathname}`;
  let last: ApiError | undefined;
  for (const method of ['GET', 'POST'] as const) {
    try {
      const { statusCode, body } = await request(url, { ...own, method, signal });
      last = refusalOf(what, statusCode, parsedJson(await bodyText(body, longestRefusalBytes)));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      return new ApiError(`${what}: ${why}`, { status: 0, reason: 'NoAnswer', cause });
    }
    if (last.status !== 400) return last;
  }
  const message = `${what}: no WebSocket gets through: ${last?.message ?? ''}`;
  return new ApiError(message, { status: last?.status ?? 0, reason: last?.reason ?? 'NoAnswer' });
}
