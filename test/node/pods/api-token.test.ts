import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { apiTokenPath } from '../../../src/model/api-token.js';
import { images } from '../support/images.js';
import { datadog, keySecret, pullSecret } from '../support/inject.js';
import { createNamespace, type Namespace } from '../support/namespace.js';
import {
  datadogAgent,
  datadogWrapper,
  idle,
  injectAll,
  pod,
  shell,
  sysdigAgent,
  sysdigWrapper,
} from '../support/pods.js';
import { containerOf } from '../support/pod-status.js';
import { processesOf, tracedIn } from '../support/processes.js';

t.setTimeout(900_000);

const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
const hardened = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** The folder of the token, as a container's first process sees it. */
async function folderOf(here: Namespace, name: string, container: string): Promise<string> {
  const [process] = processesOf(containerOf(await here.pod(name), container).id);
  if (process === undefined) throw new Error(`${container} runs nothing`);
  return join(`/proc/${process.pid}/root`, apiTokenPath);
}

/** What a container sees there, apart from what the kubelet keeps its own books by. */
async function seenIn(here: Namespace, name: string, container: string): Promise<readonly string[]> {
  const folder = await folderOf(here, name, container);
  return existsSync(folder) ? readdirSync(folder).filter((file) => !file.startsWith('..')) : ['no folder'];
}

t.test(
  'F23: the agent finds an empty folder where the workload has its token, and the workload is traced',
  async (t) => {
    const here = await createNamespace(t, 'token-sysdig', { labels: restricted });
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: here.name, labels: restricted } };
    const options = { documents: [namespace], options: [`--namespace=${here.name}`] };
    const spec = { securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000 } };
    for (const prefer of ['Availability', 'Security'] as const) {
      const name = prefer.toLowerCase();
      await here.create(
        await injectAll([pod(name, { ...shell(idle), securityContext: hardened }, spec)], { ...options, prefer }),
      );
      t.ok(tracedIn(containerOf(await here.ready(name), 'app').id, sysdigWrapper).allTraced, prefer);
      t.same(await seenIn(here, name, sysdigAgent), [], `${prefer}: nothing for the agent`);
      t.same(await seenIn(here, name, 'app'), ['ca.crt', 'namespace', 'token'], `${prefer}: the workload’s own`);
      const folder = await folderOf(here, name, sysdigAgent);
      t.throws(
        () => writeFileSync(join(folder, 'token'), 'mine'),
        { code: 'EROFS' },
        'root of the node cannot write there',
      );
    }
  },
);

t.test(
  'F23: an agent that asks the API server has the pod’s token; its pod without one runs all the same',
  async (t) => {
    const here = await createNamespace(t, 'token-datadog');
    const agent = { image: images.datadogAgent, imagePullSecrets: [pullSecret] };
    const credentials = { secretRef: { name: keySecret, key: 'key' } };
    await here.create(
      await injectAll(
        [pod('with', shell(idle)), pod('without', shell(idle), { automountServiceAccountToken: false })],
        {
          spec: { profile: datadog, agent, credentials },
        },
      ),
    );
    for (const name of ['with', 'without']) {
      t.ok(tracedIn(containerOf(await here.ready(name), 'app').id, datadogWrapper).allTraced, name);
    }
    t.same(await seenIn(here, 'with', datadogAgent), ['ca.crt', 'namespace', 'token']);
    t.same(await seenIn(here, 'without', datadogAgent), ['no folder']);
  },
);
