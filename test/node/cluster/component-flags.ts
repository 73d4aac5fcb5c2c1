import { join } from 'node:path';
import type { PairFiles } from '../../e2e/cluster/identity.js';
import { nodeAddress, nodeName } from './layout.js';

/** Files of a cluster that its components share. */
export interface NodeFiles {
  /** The state folder. */
  readonly directory: string;
  readonly caFile: string;
  readonly serving: PairFiles;
  readonly kubeletServing: PairFiles;
  readonly adminPair: PairFiles;
  readonly tokens: { readonly publicFile: string; readonly privateFile: string };
}

const etcdPort = 12_379;

export function etcdFlags({ directory }: NodeFiles): readonly string[] {
  return [
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
    `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
    '--listen-peer-urls=http://127.0.0.1:0',
    // What is stored ends with the tests.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

/** Calls webhooks at the addresses of their Service's endpoints, since there is no kube-proxy. */
export function apiServerFlags(files: NodeFiles): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=0.0.0.0',
    `--advertise-address=${nodeAddress}`,
    '--secure-port=443',
    `--cert-dir=${join(files.directory, 'generated')}`,
    `--tls-cert-file=${files.serving.certFile}`,
    `--tls-private-key-file=${files.serving.keyFile}`,
    `--client-ca-file=${files.caFile}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${files.tokens.publicFile}`,
    `--service-account-signing-key-file=${files.tokens.privateFile}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
    '--enable-aggregator-routing=true',
    `--kubelet-client-certificate=${files.adminPair.certFile}`,
    `--kubelet-client-key=${files.adminPair.keyFile}`,
    `--kubelet-certificate-authority=${files.caFile}`,
  ];
}

export function controllerManagerFlags(files: NodeFiles, kubeconfig: string): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${files.tokens.privateFile}`,
    `--root-ca-file=${files.caFile}`,
    '--use-service-account-credentials=true',
    '--leader-elect=false',
    '--secure-port=0',
  ];
}

export function schedulerFlags(kubeconfig: string): readonly string[] {
  return [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--secure-port=0'];
}

export function kubeletFlags({ directory }: NodeFiles, configuration: string, kubeconfig: string): readonly string[] {
  return [
    `--config=${configuration}`,
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${nodeName}`,
    `--node-ip=${nodeAddress}`,
    `--root-dir=${join(directory, 'kubelet')}`,
    `--cert-dir=${join(directory, 'generated')}`,
  ];
}
