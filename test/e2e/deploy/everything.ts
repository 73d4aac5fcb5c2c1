import type { Values } from '../cluster/helm.js';

/** Values with every part of the chart on. */
export const everything: Values = {
  image: { digest: `sha256:${'a'.repeat(64)}` },
  imagePullSecrets: [{ name: 'regcred' }],
  imageRewrites: [{ from: 'docker.io/', to: 'registry.example.com/hub/' }],
  defaultPolicy: { create: true, spec: { profile: { settings: { region: 'us2' } } } },
  policies: {
    payments: {
      prefer: 'Security',
      optOut: 'Forbidden',
      precedence: 100,
      match: { namespaceSelector: { matchLabels: { tier: 'payments' } } },
      profile: { name: 'datadog' },
      credentials: { secretRef: { name: 'datadog-agent', key: 'api-key' }, mirror: true },
    },
  },
  excludedNamespaces: ['calico-system', 'cert-manager'],
  webhook: { matchConditions: [{ name: 'not-me', expression: "request.userInfo.username != 'jane' && true" }] },
  podSecurityDefault: 'baseline',
  openshift: false,
  ownPartsMayDiffer: [{ path: '/*/env/DD_ENV', value: 'prod' }],
  agentUser: 61_234,
  bounds: { maxContainers: 300, maxBodyBytes: 25_165_824, maxPendingBytes: 402_653_184 },
  registryConfig: { registries: [{ host: 'registry.example.com', mirrors: ['https://mirror.example.com'] }] },
  imageConfig: { 'registry.example.com/app:1': { entrypoint: ['/app'], cmd: ['serve'] } },
  dockerConfigSecret: 'registries',
  certificates: { source: 'cert-manager' },
  replicas: 3,
  listenPort: 10250,
  plainPort: 9090,
  hostNetwork: true,
  logLevel: 'debug',
  extraArgs: ['--relist-minutes=5'],
  priorityClassName: 'system-cluster-critical',
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'dedicated', operator: 'Exists' }],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/arch', operator: 'In', values: ['amd64'] }] }],
      },
    },
  },
  podAnnotations: { team: 'platform' },
  podLabels: { team: 'platform' },
  commonLabels: { owner: 'platform' },
  networkPolicy: {
    apiServerCidrs: ['10.0.0.1/32', 'fd00::1/128'],
    plainPortFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
  },
  serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/outrider' } },
  serviceMonitor: { create: true, labels: { release: 'prometheus' } },
  prometheusRule: { create: true },
  grafanaDashboard: { create: true },
  datadogClusterRole: { create: true },
};
