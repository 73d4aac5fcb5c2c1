import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { startCountingProxy, startRegistry } from '../registry/harness.js';

/** A real registry that asks for a password, behind a proxy that writes down what is asked. */
export interface PrivateRegistry {
  readonly registry: Awaited<ReturnType<typeof startRegistry>>;
  readonly proxy: Awaited<ReturnType<typeof startCountingProxy>>;
  /** A folder for the test's own files, removed with it. */
  readonly directory: string;
  /** Flags with which replicas ask this registry, and change leaders soon. */
  readonly flags: readonly string[];
  /** The Secret `registry` of a namespace, which the registry lets in. */
  readonly secretIn: (namespace: string) => JsonObject;
}

/** Starts one, which ends with the test. @param configuration further fields of the RegistryConfiguration */
export async function startPrivateRegistry(t: Test, configuration: JsonObject = {}): Promise<PrivateRegistry> {
  const directory = mkdtempSync(join(tmpdir(), 'outrider-private-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const registry = await startRegistry(directory, { mode: 'htpasswd' });
  const proxy = await startCountingProxy(registry.host);
  t.teardown(() => Promise.all([proxy.close(), registry.stop()]));
  const file = join(directory, 'registries.json');
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: 'outrider.dev/v1alpha1',
      kind: 'RegistryConfiguration',
      hosts: [{ host: proxy.host, plainHttp: true }],
      egress: { allow: [proxy.host] },
      ...configuration,
    }),
  );
  const auth = Buffer.from('me:secret').toString('base64');
  return {
    registry,
    proxy,
    directory,
    flags: ['--lookup=true', `--registry-config=${file}`, '--lease-seconds=5'],
    secretIn: (namespace) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'registry', namespace },
      type: 'kubernetes.io/dockerconfigjson',
      stringData: { '.dockerconfigjson': JSON.stringify({ auths: { [proxy.host]: { auth } } }) },
    }),
  };
}
