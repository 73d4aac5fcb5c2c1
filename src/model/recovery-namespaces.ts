/**
 * Namespaces that others commonly install what a cluster recovers by into, by the names that their own manuals, manifests or
 * charts give. While their pods are not created, no replica of ours comes back either, or pods lack network, volumes,
 * names or certificates. `kube-system` is not among them: it is never touched.
 */
export const recoveryNamespaces = {
  network: [
    'calico-apiserver',
    'calico-system',
    'tigera-operator',
    'cilium',
    'cilium-system',
    'kube-flannel',
    'kube-router',
    'metallb-system',
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
