import type { Test } from 'tap';
import { diffCommand } from '../../../src/cli/diff/diff.js';
import type { CommandDefinition } from '../../../src/cli/command.js';
import type { ClusterOpener } from '../../../src/cli/options/cluster.js';
import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import type { JsonObject } from '../../../src/model/json.js';
import { pagedObjects, type PagedObjects } from '../../cluster/paged-objects.js';
import { openInMemory, runCommand, type RanCommand } from '../run-command.js';

/** Runs `outrider diff` in a folder with files, on a cluster in memory. */
export function runDiff(
  t: Test,
  cluster: PagedObjects,
  argv: readonly string[],
  files: Readonly<Record<string, string>> = {},
  isTerminal = false,
): Promise<RanCommand> {
  return runPreview(t, cluster.client, { name: 'diff', make: diffCommand }, argv, files, isTerminal);
}

/** A command that previews, and how it is made for a cluster. */
export interface PreviewCommand {
  readonly name: string;
  readonly make: (open: ClusterOpener) => CommandDefinition;
}

/** Runs such a command in a folder with files. */
export function runPreview(
  t: Test,
  client: ApiClient,
  { name, make }: PreviewCommand,
  argv: readonly string[],
  files: Readonly<Record<string, string>> = {},
  isTerminal = false,
): Promise<RanCommand> {
  const env = { OUTRIDER_LOOKUP: 'false', OUTRIDER_NATIVE_SIDECARS: 'true' };
  return runCommand(name, make(openInMemory(client)), argv, { cwd: t.testdir(files), env, isTerminal });
}

/** A cluster with two namespaces, of which `shop` is labelled for injection, and a few workloads. */
export function smallCluster(more: readonly JsonObject[] = []): PagedObjects {
  return pagedObjects([
    namespaceOf('shop', { 'outrider.dev/inject': 'enabled' }),
    namespaceOf('bank', { team: 'bank' }),
    namespaceOf('other', {}),
    ...['shop', 'bank'].map(keyIn),
    deployment('shop', 'web', 3),
    deployment('shop', 'api', 2),
    deployment('bank', 'ledger', 4),
    deployment('other', 'idle', 1),
    ...more,
  ]);
}

export function namespaceOf(name: string, labels: Readonly<Record<string, string>>): JsonObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

/** The Secret that the sysdig profile's agent reads. */
export function keyIn(namespace: string): JsonObject {
  return secretOf('sysdig-agent', 'access-key', namespace);
}

export function secretOf(name: string, key: string, namespace = 'shop'): JsonObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data: { [key]: 'eA==' } };
}

export function deployment(namespace: string, name: string, replicas: number, spec: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels: { app: name } },
    spec: { replicas, selector: { matchLabels: { app: name } }, template: templateOf(name, spec) },
  };
}

export function templateOf(name: string, spec: JsonObject = {}): JsonObject {
  return {
    metadata: { labels: { app: name } },
    spec: { containers: [{ name: 'app', image: 'acme/app:1', command: ['/app', 'serve'] }], ...spec },
  };
}

/** A policy as a cluster has it, or as a file. */
export function policyObject(name: string, spec: JsonObject): JsonObject {
  return {
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationPolicy',
    metadata: { name },
    spec: { profile: { name: 'sysdig', settings: { region: 'us2' } }, ...spec },
  };
}

/** Selects namespaces with a label. */
export function inNamespaces(labels: Readonly<Record<string, string>>): JsonObject {
  return { match: { namespaceSelector: { matchLabels: labels } } };
}
