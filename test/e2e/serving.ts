import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { objectOf, type JsonObject } from '../../src/model/json.js';
import { envelope, reviewedOf, type Reviewed } from './review.js';

/** What a server is started with. JSON is YAML, so documents are given as objects. */
export interface ServingOptions {
  /** Folder for the server's files. */
  readonly parent: string;
  /** Documents of the configuration folder. */
  readonly documents: readonly JsonObject[];
  /** The RegistryConfiguration, except for its kind. */
  readonly registries?: JsonObject;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What starts it: put in front of its command. */
  readonly command?: readonly string[];
  /** Node's own options. */
  readonly nodeOptions?: readonly string[];
}

/** `outrider serve`, running as a process of its own. */
export interface Serving {
  /** Posts a pod to a door, as the API server does. */
  review(pod: JsonObject, options?: { door?: 'mutate' | 'validate'; timeout?: string }): Promise<Reviewed>;
  /** Value of a metric; 0 when it is not there. */
  metric(line: string): Promise<number>;
  /** The log's lines with this message. */
  logged(message: string): readonly JsonObject[];
  /** Everything it has logged. */
  log(): string;
  /** Ends it with SIGTERM. Returns its exit code. */
  stop(): Promise<number | null>;
  /** Of the webhook. */
  readonly port: number;
  readonly plainPort: number;
  readonly pid: number;
  /** The authority of its development certificate, PEM; empty where it has another one. */
  readonly ca: string;
  /** Folder of its files; the configuration is in `config`. */
  readonly folder: string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code once it has ended. */
  readonly exited: Promise<number | null>;
}

const program = fileURLToPath(new URL('../../outrider.js', import.meta.url));

/** Starts the built command on free ports of the loopback address and waits until it is ready. */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const folder = mkdtempSync(join(options.parent, 'serving-'));
  const config = join(folder, 'config');
  mkdirSync(config);
  for (const [index, document] of options.documents.entries()) {
    writeFileSync(join(config, `${String(index)}.json`), JSON.stringify(document));
  }
  const registryConfig = join(folder, 'registries.yaml');
  const kind = { apiVersion: 'outrider.dev/v1alpha1', kind: 'RegistryConfiguration' };
  writeFileSync(registryConfig, JSON.stringify({ ...kind, ...options.registries }));
  const flags = [
    `--config=${config}`,
    `--registry-config=${registryConfig}`,
    `--certs-dir=${join(folder, 'certs')}`,
    '--listen-host=127.0.0.1',
    '--listen-port=0',
    '--plain-port=0',
    '--drain-grace-ms=0',
    '--log-format=json',
    '--max-in-flight=1000',
    ...(options.flags ?? []),
  ];
  const { PATH = '' } = process.env;
  const line = [
    ...(options.command ?? []),
    process.execPath,
    ...(options.nodeOptions ?? []),
    program,
    'serve',
    ...flags,
  ];
  const [executable = process.execPath, ...args] = line;
  const child = spawn(executable, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH, ...options.env },
  });
  const exited = once(child, 'exit');
  const lines: JsonObject[] = [];
  const raw: string[] = [];
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      raw.push(line);
      const entry = parse(line);
      if (entry !== undefined) lines.push(entry);
      if (entry?.['msg'] === 'ready') resolve();
    });
  });
  const bundle = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('caBundle: ')) resolve(Buffer.from(line.slice(10), 'base64').toString());
    });
  });
  const ended = exited.then(() => Promise.reject(new Error(`the server ended:\n${raw.join('\n')}`)));
  const ownCertificate = options.flags?.some((flag) => flag.startsWith('--tls-cert')) === true;
  const [ca] = await Promise.race([Promise.all([ownCertificate ? '' : bundle, ready]), ended]);
  const listening = lines.find((line) => line['msg'] === 'listening');
  const port = Number(listening?.['webhookPort']);
  const plainPort = Number(listening?.['plainPort']);
  const agent = new Agent({ keepAlive: true, ca, servername: 'localhost' });
  return {
    async review(pod, { door = 'mutate', timeout = '10s' } = {}) {
      const startMs = performance.now();
      const text = await post(agent, port, `/${door}/pods?timeout=${timeout}`, envelope(pod));
      return reviewedOf(text, performance.now() - startMs);
    },
    async metric(line) {
      const page = await (
        await fetch(`http://127.0.0.1:${String(plainPort)}/metrics`, { headers: { connection: 'close' } })
      ).text();
      return Number(
        page
          .split('\n')
          .find((each) => each.startsWith(`${line} `))
          ?.slice(line.length + 1) ?? 0,
      );
    },
    port,
    plainPort,
    ca,
    folder,
    pid: child.pid ?? 0,
    kill: (signal) => {
      ended.catch(() => undefined);
      child.kill(signal);
    },
    exited: exited.then(() => child.exitCode),
    log: () => raw.join('\n'),
    logged: (message) => lines.filter((line) => line['msg'] === message),
    async stop() {
      agent.destroy();
      ended.catch(() => undefined);
      child.kill('SIGTERM');
      await exited;
      return child.exitCode;
    },
  };
}

function parse(line: string): JsonObject | undefined {
  try {
    return objectOf(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function post(agent: Agent, port: number, path: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const call = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers }, (answer) => {
      answer.setEncoding('utf8');
      let text = '';
      answer.on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(text);
        else reject(new Error(`HTTP ${String(answer.statusCode)}: ${text}`));
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}
