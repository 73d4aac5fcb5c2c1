import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { isSea } from 'node:sea';
import { isObject, objectOf, parsedJson, stringOf, type JsonObject } from '../../model/json.js';

/** The webhook's server as a separate process. */
export interface DemoServer {
  readonly port: number;
  /** PEM of the certificate authority that issued its certificate. */
  readonly ca: string;
  /** Sends SIGTERM and waits for the end. */
  stop(): Promise<number | null>;
}

const startTimeoutMs = 30_000;

/**
 * Starts `outrider serve` with development certificates on free ports of the loopback address. It looks up no image:
 * the demonstration needs no network.
 *
 * @param program the command's own script
 * @param certsDir folder for the certificates
 * @throws Error when the server ends, or is silent, before it serves
 */
export async function startDemoServer(program: string, certsDir: string): Promise<DemoServer> {
  const flags = [
    '--listen-host=127.0.0.1',
    '--listen-port=0',
    '--plain-port=0',
    '--log-format=json',
    '--log-level=info',
    // The output must not depend on a registry's answer.
    '--lookup=false',
  ];
  // The single executable is its own script.
  const script = isSea() ? [] : [program];
  const serve = ['serve', ...flags, `--certs-dir=${certsDir}`, '--drain-grace-ms=0'];
  const child = spawn(process.execPath, [...script, ...serve], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: process.env,
  });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const port = new Promise<number>((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      const entry = objectOf(parsedJson(line));
      if (entry?.['msg'] === 'listening' && typeof entry['webhookPort'] === 'number') resolve(entry['webhookPort']);
    });
  });
  const bundle = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('caBundle: '))
        resolve(Buffer.from(line.slice('caBundle: '.length), 'base64').toString('utf8'));
    });
  });
  const timer = new AbortController();
  const late = new Promise<never>((_resolve, reject) => {
    const timeout = setTimeout(() => reject(new Error('the server did not start in time')), startTimeoutMs);
    timer.signal.addEventListener('abort', () => clearTimeout(timeout));
  });
  try {
    const started = Promise.all([port, bundle]);
    const ended = exited.then(() => {
      throw new Error(`the server ended before it served:\n${lines.join('\n')}`);
    });
    const [webhookPort, ca] = await Promise.race([started, ended, late]);
    return {
      port: webhookPort,
      ca,
      stop: async () => {
        child.kill('SIGTERM');
        await exited;
        return child.exitCode;
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    timer.abort();
  }
}

/** Posts an AdmissionReview and returns the `response` of the answer. */
export async function review(server: DemoServer, path: string, pod: JsonObject, uid: string): Promise<JsonObject> {
  const body = JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace: stringOf(objectOf(pod['metadata'])?.['namespace']) ?? 'default',
      operation: 'CREATE',
      dryRun: false,
      object: pod,
    },
  });
  const text = await new Promise<string>((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        servername: 'localhost',
        port: server.port,
        path: `${path}?timeout=10s`,
        method: 'POST',
        ca: server.ca,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (answer) => {
        answer.setEncoding('utf8');
        let received = '';
        answer.on('data', (chunk: string) => (received += chunk));
        answer.on('end', () => resolve(received));
      },
    );
    call.on('error', reject);
    call.end(body);
  });
  const answer: unknown = JSON.parse(text);
  const response = isObject(answer) ? objectOf(answer['response']) : undefined;
  if (response === undefined) throw new Error(`no AdmissionReview came back: ${text.slice(0, 500)}`);
  return response;
}
