import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shippedNodeFlags } from '../support/image-entrypoint.js';
import { record, startServer, type Server } from './servers.js';

const program = fileURLToPath(new URL('../../outrider.js', import.meta.url));
const apiVersion = 'outrider.dev/v1alpha1';
const agent = 'agent.example.com/workload-agent:1';

/** The namespace with the policy; in any other no policy selects the pod. */
export const namespace = 'shop';
export const otherNamespace = 'other';

/** How the server under measurement is started. */
export interface OutriderOptions {
  /** Folder for its files: configuration, certificate (tls.crt, tls.key, ca.crt). */
  readonly folder: string;
  /** The only registry that it may ask, over plain HTTP; without one it asks none. */
  readonly registry?: string | undefined;
  readonly nodeFlags?: readonly string[];
}

/** Starts `outrider serve` out of the built bundle, with the flags of Node that the image has, on free ports of loopback, and waits until it is ready. */
export function startOutrider({ folder, registry, nodeFlags = [] }: OutriderOptions): Promise<Server> {
  const config = join(folder, 'config');
  mkdirSync(config, { recursive: true });
  writeFileSync(
    join(config, 'documents.yaml'),
    documents()
      .map((one) => JSON.stringify(one))
      .join('\n---\n'),
  );
  const registryConfig = join(folder, 'registries.yaml');
  const hosts = registry === undefined ? [] : [{ host: registry, plainHttp: true }];
  const allow = registry === undefined ? [] : [registry];
  writeFileSync(
    registryConfig,
    JSON.stringify({ apiVersion, kind: 'RegistryConfiguration', hosts, egress: { allow } }),
  );
  let port = 0;
  return startServer({
    argv: [
      ...shippedNodeFlags(),
      ...nodeFlags,
      program,
      'serve',
      '--listen-host=127.0.0.1',
      '--listen-port=0',
      '--plain-port=0',
      '--log-format=json',
      `--certs-dir=${folder}`,
      `--config=${config}`,
      ...(registry === undefined ? ['--lookup=false'] : [`--registry-config=${registryConfig}`]),
    ],
    ready: (line) => {
      const { msg, webhookPort } = record(line);
      if (typeof webhookPort === 'number') port = webhookPort;
      return msg === 'ready' ? port : undefined;
    },
  });
}

function documents(): readonly object[] {
  const labels = { 'outrider.dev/inject': 'enabled' };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: otherNamespace } },
    {
      apiVersion,
      kind: 'InstrumentationPolicy',
      metadata: { name: 'bench' },
      spec: {
        match: { namespaceSelector: { matchLabels: labels } },
        profile: { name: 'sysdig', settings: { region: 'us2' } },
        agent: { image: agent },
      },
    },
    // So that only the images of the cases are looked up.
    { apiVersion, kind: 'ImageMap', images: { [agent]: { entrypoint: ['/agent'] } } },
  ];
}
