import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { objectOf, stringOf } from '../../../src/model/json.js';
import type { JsonObject } from '../../../src/model/json.js';
import { endOf } from '../cluster/inside.js';
import { dockerConfig } from '../cluster/registry.js';
import { keySecret, pullSecret } from './inject.js';
import { getObject, kubectl, kubectlOutput, stateFolder } from './kubectl.js';
import { podStatus, type PodStatus } from './pod-status.js';

const pollMs = 250;
const patienceMs = 120_000;

/** A namespace with the registry's pull secret and an access key, for one test. */
export interface Namespace {
  readonly name: string;
  create(object: JsonObject): Promise<void>;
  pod(name: string): Promise<PodStatus>;
  /** Waits until a pod is as it should be. @throws after two minutes, with all that is known about the pod */
  waitFor(pod: string, what: string, holds: (pod: PodStatus) => boolean | Promise<boolean>): Promise<PodStatus>;
  ready(pod: string): Promise<PodStatus>;
  /** Waits until the container has written something. Returns all of it. */
  waitForLog(pod: string, container: string, text: string | RegExp): Promise<string>;
  log(pod: string, container: string): Promise<string>;
  /** Runs a program in a container; a failure is an exit code. */
  exec(pod: string, container: string, ...argv: readonly string[]): ReturnType<typeof kubectl>;
}

export interface NamespaceOptions {
  readonly labels?: Readonly<Record<string, string>>;
  /** Leave the access key's Secret out. */
  readonly withoutKey?: boolean;
}

/** Makes a namespace that goes with the test. */
export async function createNamespace(t: Test, name: string, options: NamespaceOptions = {}): Promise<Namespace> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: options.labels ?? {} } };
  const secret = (secretName: string, type: string, stringData: JsonObject): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName, namespace: name },
    type,
    stringData,
  });
  const pull = secret(pullSecret, 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': dockerConfig() });
  const key = secret(keySecret, 'Opaque', { key: 'the-access-key' });
  const items = [namespace, pull, ...(options.withoutKey === true ? [] : [key])];
  await kubectlOutput(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  t.teardown(() => kubectl(['delete', 'namespace', name, '--wait=false']));
  const here = namespaceNamed(name);
  // controller-manager makes it a moment later, and no pod is admitted before.
  await until(`ServiceAccount default of ${name}`, () => getObject(name, 'serviceaccount', 'default').then(() => true));
  return here;
}

function namespaceNamed(name: string): Namespace {
  const pod = async (podName: string): Promise<PodStatus> => podStatus(await getObject(name, 'pod', podName));
  const log = (podName: string, container: string): Promise<string> =>
    kubectlOutput(['logs', '-n', name, podName, '-c', container]);
  const here: Namespace = {
    name,
    create: async (object) => {
      await kubectlOutput(['create', '-n', name, '-f', '-'], JSON.stringify(object));
    },
    pod,
    waitFor: async (podName, what, holds) => {
      let seen: PodStatus | undefined;
      const isSo = async (): Promise<boolean> => {
        seen = await pod(podName);
        return holds(seen);
      };
      await until(`pod ${name}/${podName}: ${what}`, isSo, () => describe(name, podName));
      return seen ?? pod(podName);
    },
    ready: (podName) => here.waitFor(podName, 'Ready', ({ ready }) => ready),
    waitForLog: async (podName, container, text) => {
      const holds = async (): Promise<boolean> => {
        const written = await log(podName, container);
        return typeof text === 'string' ? written.includes(text) : text.test(written);
      };
      const what = `pod ${name}/${podName}: ${String(text)} in the log of ${container}`;
      await until(what, holds, () => describe(name, podName));
      return log(podName, container);
    },
    log,
    exec: (podName, container, ...argv) => kubectl(['exec', '-n', name, podName, '-c', container, '--', ...argv]),
  };
  return here;
}

/**
 * Waits until something holds; a rejection counts as "not yet".
 * @param describe what to add to the error
 * @throws after two minutes
 */
export async function until(
  what: string,
  holds: () => Promise<boolean>,
  describe: () => Promise<string> = () => Promise.resolve(''),
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  let error: unknown;
  for (;;) {
    const isSo = await holds().catch((reason: unknown) => {
      error = reason;
      return false;
    });
    if (isSo) return;
    if (performance.now() > giveUpAt) {
      const last = error instanceof Error ? `\n${error.message}` : '';
      throw new Error(`waited for ${what}${last}\n${await describe()}`);
    }
    await sleep(pollMs);
  }
}

/** Everything that tells why a pod is not as it should be: status, events, logs, the kubelet's last words. */
async function describe(namespace: string, pod: string): Promise<string> {
  const say = async (...parameters: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await kubectl([...parameters, '-n', namespace]);
    return `${stdout}${stderr}`.trim();
  };
  const object = objectOf(await getObject(namespace, 'pod', pod).catch(() => undefined));
  const kubelet = endOf(join(stateFolder(), 'logs', 'kubelet.log'));
  return [
    JSON.stringify(object?.['status'], undefined, 1),
    `phase ${stringOf(objectOf(object?.['status'])?.['phase']) ?? 'unknown'}; events:`,
    await say(
      'get',
      'events',
      `--field-selector=involvedObject.name=${pod}`,
      '-o',
      'custom-columns=R:.reason,M:.message',
    ),
    'logs:',
    await say('logs', pod, '--all-containers', '--prefix', '--tail=20'),
    'kubelet:',
    kubelet
      .split('\n')
      .filter((line) => line.includes(pod))
      .slice(-8)
      .join('\n'),
  ].join('\n');
}
