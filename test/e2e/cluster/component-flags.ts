import { join } from 'node:path';
import type { AuditFiles } from './audit.js';
import type { PairFiles } from './identity.js';

/** The files that the components of one cluster share. */
export interface ClusterFiles {
  readonly directory: string;
  readonly caFile: string;
  readonly serving: PairFiles;
  /** The key pair of ServiceAccounts' tokens. */
  readonly tokens: { readonly publicFile: string; readonly privateFile: string };
}

export function etcdFlags({ directory }: ClusterFiles, port: number): readonly string[] {
  return [
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=http://127.0.0.1:${port}`,
    `--advertise-client-urls=http://127.0.0.1:${port}`,
    '--listen-peer-urls=http://127.0.0.1:0',
    // What is stored ends with the test.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

/** Admission plugins are those that are on by default, ServiceAccount, LimitRanger and PodSecurity among them. */
export function apiServerFlags(
  files: ClusterFiles,
  etcdPort: number,
  port: number,
  audit?: AuditFiles,
): readonly string[] {
  const { directory, caFile, serving, tokens } = files;
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${directory}`,
    `--tls-cert-file=${serving.certFile}`,
    `--tls-private-key-file=${serving.keyFile}`,
    `--client-ca-file=${caFile}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${tokens.publicFile}`,
    `--service-account-signing-key-file=${tokens.privateFile}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    // The largest pods, several at once, on a slow machine.
    '--request-timeout=5m',
    '--authorization-mode=Node,RBAC',
    '--allow-privileged=true',
    ...(audit === undefined
      ? []
      : [`--audit-policy-file=${audit.policyFile}`, `--audit-log-path=${audit.logFile}`, '--audit-log-mode=blocking']),
  ];
}

export function controllerManagerFlags({ caFile, tokens }: ClusterFiles, kubeconfig: string): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${tokens.privateFile}`,
    `--root-ca-file=${caFile}`,
    '--use-service-account-credentials=true',
    '--leader-elect=false',
    // No health or metrics port: nobody here asks.
    '--secure-port=0',
  ];
}
