/**
 * Namespaces into which is commonly installed what a cluster recovers by, as its makers' manuals, manifests and charts have
 * them. Without the pods there, new pods lack network, volumes, names or certificates, a replica of ours among them.
 * `kube-system` is not in the list: it is never touched.
 */
export const recoveryNamespaces = {
  network: [
    'calico-apiserver',
    'calico-system',
    'tigera-operator',
    'cilium',
    'cilium-system',
    'kube-flannel',
    'openshift-multus',
    'openshift-network-operator',
    'openshift-ovn-kubernetes',
  ],
  storage: [
    'ceph-csi-cephfs',
    'ceph-csi-rbd',
    'longhorn-system',
    'openebs',
    'openshift-cluster-csi-drivers',
    'openshift-storage',
    'piraeus-datastore',
    'portworx',
    'rook-ceph',
    'topolvm-system',
    'trident',
    'vmware-system-csi',
  ],
  names: ['coredns', 'openshift-dns', 'openshift-dns-operator'],
  certificates: ['cert-manager', 'openshift-service-ca', 'openshift-service-ca-operator'],
  metrics: ['gke-managed-metrics-server', 'metrics-server', 'openshift-monitoring'],
} as const satisfies Record<string, readonly string[]>;

const all: ReadonlySet<string> = new Set(Object.values(recoveryNamespaces).flat());

/** Whether a namespace is one that a cluster recovers by. */
export function isRecoveryNamespace(name: string): boolean {
  return all.has(name);
}
