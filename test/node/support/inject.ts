import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isObject } from '../../../src/model/json.js';
import type { JsonObject } from '../../../src/model/json.js';
import { apiVersion } from '../../../src/model/names.js';
import { registryHost } from '../cluster/layout.js';
import { dockerConfigFile } from '../cluster/registry.js';
import { images } from './images.js';
import { stateFolder } from './kubectl.js';

const bundle = fileURLToPath(new URL('../../../outrider.js', import.meta.url));

/** Names of the Secrets that `createNamespace` makes. */
export const pullSecret = 'registry';
export const keySecret = 'agent-key';

/** What tests vary of a policy; the rest is the stand-in under Sysdig's profile. */
export interface PolicyOptions {
  readonly prefer?: 'Availability' | 'Security';
  readonly spec?: JsonObject;
  /** Profiles, image maps and Namespaces besides the policy. */
  readonly documents?: readonly JsonObject[];
  /** Leave out what lets Outrider put its keeper before the agent: an image map with what the agent's image starts. */
  readonly withoutKeeper?: boolean;
  /** The nodes mount image volumes, so that a policy that leaves it open takes one. Given where it asks for one. */
  readonly imageVolumes?: boolean;
  /** Further options of `outrider inject`. */
  readonly options?: readonly string[];
}

export const sysdig: JsonObject = { name: 'sysdig', settings: { collector: 'collector.test' } };
export const datadog: JsonObject = {
  name: 'datadog',
  settings: { tracerImage: images.datadogTracer.replace(/:1$/, ''), tracerVersion: '1' },
};

const whatAgentsStart: JsonObject = {
  apiVersion,
  kind: 'ImageMap',
  images: {
    [images.agent]: { entrypoint: ['/opt/draios/bin/sidecar'] },
    [images.datadogAgent]: { entrypoint: ['/stand-in', 'agent'] },
  },
};

/** What Outrider made of a manifest. */
export interface Injected {
  readonly object: JsonObject;
  /** Its report, for people. */
  readonly report: string;
}

/**
 * Runs `outrider inject` on a manifest, with the registry's password at hand.
 * @throws when it refuses, with what it said
 */
export async function inject(manifest: JsonObject, policy: PolicyOptions = {}): Promise<Injected> {
  const folder = mkdtempSync(join(tmpdir(), 'inject-'));
  const file = (name: string, documents: readonly object[]): string => {
    const path = join(folder, name);
    writeFileSync(path, documents.map((document) => JSON.stringify(document)).join('\n---\n'));
    return path;
  };
  const documents = [policyDocument(policy), ...(policy.documents ?? [])];
  if (policy.withoutKeeper !== true) documents.push(whatAgentsStart);
  const registries = { apiVersion, kind: 'RegistryConfiguration', hosts: [{ host: registryHost, plainHttp: true }] };
  try {
    const { stdout, stderr } = await run([
      'inject',
      `--file=${file('manifest.yaml', [manifest])}`,
      `--policy=${file('policy.yaml', documents)}`,
      `--registry-config=${file('registries.yaml', [registries])}`,
      `--docker-config=${dockerConfigFile(stateFolder())}`,
      `--tools-image=${images.tools}`,
      '--native-sidecars=true',
      `--image-volumes=${policy.imageVolumes ?? policy.spec?.['delivery'] === 'ImageVolume'}`,
      '--output=json',
      ...(policy.options ?? []),
    ]);
    const object: unknown = JSON.parse(stdout);
    if (!isObject(object)) throw new Error(`outrider printed no object: ${stdout}`);
    return { object, report: stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function policyDocument({ prefer = 'Availability', spec = {} }: PolicyOptions): JsonObject {
  return {
    apiVersion,
    kind: 'InstrumentationPolicy',
    metadata: { name: 'test' },
    spec: {
      prefer,
      profile: sysdig,
      agent: { image: images.agent, imagePullSecrets: [pullSecret] },
      credentials: { secretRef: { name: keySecret, key: 'key' } },
      ...spec,
    },
  };
}

function run(parameters: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [bundle, ...parameters], (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else reject(new Error(`outrider ${parameters.join(' ')}: ${stderr}`));
    });
  });
}
