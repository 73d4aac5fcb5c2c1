import { join } from 'node:path';
import type { Test } from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { chart, findHelm, release, type Values } from '../../e2e/cluster/helm.js';
import { registryHost } from '../cluster/layout.js';
import { dockerConfig } from '../cluster/registry.js';
import { pushImage } from '../support/image.js';
import { agentFiles } from '../support/images.js';
import { keySecret, pullSecret } from '../support/inject.js';
import { kubectl, kubectlOutput, stateFolder } from '../support/kubectl.js';
import { outriderRepository, pushOutrider } from './outrider-image.js';

/** The Secret in Outrider's namespace that a policy mirrors. */
export const centralSecret = 'central-key';
const sysdigImage = 'sysdig/workload-agent';
const datadogImages = ['datadog/agent', 'datadog/cws-instrumentation'];
// The tag of every image here, in the place of the version that a profile has by default.
const version = '1';

const forTeam = (team: string): JsonObject => ({ namespaceSelector: { matchLabels: { team } } });
// Small, so that twenty fit on the node.
const resources: JsonObject = { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } };
const agent: JsonObject = { imagePullSecrets: [pullSecret], resources };
const credentials: JsonObject = { secretRef: { name: keySecret, key: 'key' } };
const sysdig: JsonObject = { name: 'sysdig', settings: { region: 'us2', version } };

/** What the tests install: the agents come from the cluster's registry, as for users who reach no other. */
export const values = {
  imageRegistry: registryHost,
  image: { repository: outriderRepository, tag: version },
  imagePullSecrets: [{ name: pullSecret }],
  registryConfig: { hosts: [{ host: registryHost, plainHttp: true }] },
  defaultPolicy: { spec: { profile: sysdig, agent, credentials } },
  policies: {
    payments: {
      match: forTeam('payments'),
      precedence: 100,
      prefer: 'Security',
      optOut: 'Forbidden',
      profile: sysdig,
      agent,
      credentials,
    },
    // Its agent crashes as soon as it starts.
    crashing: {
      match: forTeam('crashing'),
      profile: { ...sysdig, settings: { region: 'us2', version, extraConf: 'crash-at-start' } },
      agent,
      credentials,
    },
    dogs: { match: forTeam('dogs'), profile: { name: 'datadog', settings: { version } }, agent, credentials },
    mirrored: {
      match: forTeam('mirrored'),
      profile: sysdig,
      agent,
      credentials: { secretRef: { name: centralSecret, key: 'key' }, mirror: true },
    },
  },
} as const satisfies Values;

/**
 * Pushes the images and installs the chart, waiting as helm does.
 * @param more values besides those that all tests have
 * @throws with what helm said
 */
export async function installOutrider(t: Test, more: Values = {}): Promise<void> {
  await Promise.all([pushOutrider(), pushAgents()]);
  const namespace = release.namespace;
  const secret = (name: string, type: string, stringData: JsonObject): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    type,
    stringData,
  });
  const items = [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    },
    secret(pullSecret, 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': dockerConfig() }),
    secret(centralSecret, 'Opaque', { key: 'the-central-key' }),
  ];
  await kubectlOutput(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  t.teardown(async () => {
    await helm(['uninstall', release.name, '--ignore-not-found', '--wait', '--timeout=3m']);
    await kubectl(['delete', 'namespace', namespace]);
  });
  await helm(['install', release.name, chart, '--wait', '--timeout=4m', '--values=-'], { ...values, ...more });
}

/** Runs helm in Outrider's namespace. Returns what it prints. @throws with what it said, and what the pods say */
export async function helm(parameters: readonly string[], input?: Values): Promise<string> {
  const directory = stateFolder();
  const { run } = await findHelm({ kubeconfig: join(directory, 'admin.kubeconfig'), directory });
  const { exitCode, stdout, stderr } = await run(
    [...parameters, `--namespace=${release.namespace}`],
    input === undefined ? '' : JSON.stringify(input),
  );
  if (exitCode !== 0) throw new Error(`helm ${parameters.join(' ')}: ${stderr}${stdout}\n${await describeOutrider()}`);
  return stdout;
}

async function describeOutrider(): Promise<string> {
  const here = ['-n', release.namespace];
  const said = [
    await kubectl(['describe', 'pods', ...here]),
    await kubectl(['logs', ...here, '-l', 'app.kubernetes.io/instance=outrider', '--tail=30', '--prefix']),
  ];
  return said.map(({ stdout, stderr }) => `${stdout}${stderr}`).join('\n');
}

/** The stand-in, by the names that the built-in profiles ask for once rewritten. */
async function pushAgents(): Promise<void> {
  const files = agentFiles(join(stateFolder(), 'agent'));
  const [datadogAgent = '', tracer = ''] = datadogImages;
  await pushImage(sysdigImage, { files, config: { Entrypoint: ['/opt/draios/bin/sidecar'] } });
  await pushImage(datadogAgent, { files, config: { Entrypoint: ['/stand-in', 'agent'] } });
  await pushImage(tracer, { files, config: {} });
}
