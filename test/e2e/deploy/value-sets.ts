import { release, type Values } from '../cluster/helm.js';

const ourKeys = {
  'app.kubernetes.io/name': 'somebody',
  'app.kubernetes.io/instance': 'somebody',
  'app.kubernetes.io/managed-by': 'somebody',
  'helm.sh/chart': 'somebody',
  'outrider.dev/port': 'none',
  'rbac.authorization.k8s.io/aggregate-to-view': 'false',
  team: 'platform',
};
const probe = { initialDelaySeconds: 3, periodSeconds: 7, timeoutSeconds: 2, failureThreshold: 9 };
const tool = { image: 'registry.example.com/tools/outrider:1', resources: { limits: { memory: '1Gi' } } };
const scratch = { name: 'scratch', emptyDir: { sizeLimit: '64Mi' } };
const sidecar = { name: 'log', image: 'registry.example.com/log:1', args: ['tail'] };
const relabeling = { sourceLabels: ['__meta_kubernetes_pod_node_name'], targetLabel: 'node' };
const scraped = {
  create: true,
  interval: '15s',
  scrapeTimeout: '10s',
  labels: { release: 'prometheus' },
  annotations: { a: 'b' },
  relabelings: [relabeling],
  metricRelabelings: [{ action: 'drop', regex: 'nodejs_.*', sourceLabels: ['__name__'] }],
};

/** Sets of values that people have, each with little else: every knob of the chart is in one of them. */
export const valueSets: Readonly<Record<string, Values>> = {
  'extra environment': { extraEnv: [{ name: 'AWS_REGION', value: 'eu-west-1' }] },
  'environment from a Secret': {
    extraEnv: [{ name: 'HTTPS_PROXY', valueFrom: { secretKeyRef: { name: 'proxy', key: 'url' } } }],
  },
  'whole Secrets as environment': { extraEnvFrom: [{ secretRef: { name: 'proxy', optional: true } }] },
  'a place for the cache of images': {
    extraVolumes: [scratch],
    extraVolumeMounts: [{ name: 'scratch', mountPath: '/var/cache/outrider' }],
    extraArgs: ['--image-cache-file=/var/cache/outrider/images.json'],
  },
  'authorities from a ConfigMap': { caBundle: { configMap: 'corp-ca' } },
  'authorities from a Secret, for one registry': {
    caBundle: { secret: 'corp-ca', key: '' },
    registryConfig: { hosts: [{ host: 'registry.example.com', caFile: '../ca/corp.pem' }] },
  },
  'a proxy': { proxy: { https: 'http://proxy.example.com:3128', noProxy: ['registry.internal', '10.0.0.0/8'] } },
  'two proxies': { proxy: { https: 'http://proxy:3128', http: 'http://proxy:3129' } },
  'a pod’s security context': { podSecurityContext: { runAsUser: 1001, fsGroup: 1001 } },
  'a container’s security context': { securityContext: { runAsNonRoot: true, capabilities: { drop: ['ALL'] } } },
  'annotations of webhooks': { webhook: { annotations: { 'admissions.enforcer/disabled': 'true' } } },
  'annotations of everything else': {
    deploymentAnnotations: { 'reloader.stakater.com/auto': 'true' },
    service: { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } },
    podAnnotations: { 'prometheus.io/scrape': 'true' },
  },
  'a NodePort': { service: { type: 'NodePort' } },
  'a load balancer': { service: { type: 'LoadBalancer' } },
  'pods replaced all at once': { strategy: { type: 'Recreate' } },
  'pods replaced by halves': {
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '50%', maxUnavailable: 1 } },
    revisionHistoryLimit: 2,
  },
  probes: { livenessProbe: probe, readinessProbe: probe, startupProbe: probe },
  'a ServiceAccount of a name': { serviceAccount: { name: 'webhook', annotations: { a: 'b' } } },
  'a ServiceAccount that is there': { serviceAccount: { create: false, name: 'webhook' }, rbac: { create: false } },
  'a ServiceAccount without its token': { serviceAccount: { automount: false } },
  'no roles': { rbac: { create: false }, mirrorSecrets: true },
  nameOverride: { nameOverride: 'tracing' },
  fullnameOverride: { fullnameOverride: 'tracing', certificates: { source: 'cert-manager' } },
  namespaceOverride: { namespaceOverride: 'elsewhere' },
  'another instance': { instance: 'canary' },
  'a budget by what has to be there': { podDisruptionBudget: { minAvailable: '50%' } },
  'no budget': { podDisruptionBudget: { create: false } },
  ServiceMonitor: { serviceMonitor: scraped },
  PodMonitor: { podMonitor: scraped },
  'what goes out': {
    networkPolicy: { egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 443 }] }] },
  },
  'no network policy': { networkPolicy: { create: false } },
  DNS: { dnsPolicy: 'None', dnsConfig: { nameservers: ['10.0.0.10'], options: [{ name: 'ndots', value: '2' }] } },
  'lines of /etc/hosts': { hostAliases: [{ ip: '10.0.0.5', hostnames: ['registry.example.com'] }] },
  'the node’s network': { hostNetwork: true, listenPort: 10250, plainPort: 10251 },
  'the node’s network and DNS': { hostNetwork: true, dnsPolicy: 'Default' },
  'further containers': {
    extraContainers: [sidecar],
    extraInitContainers: [{ ...sidecar, name: 'wait' }],
    extraVolumes: [scratch],
  },
  'images of hook and test': { preDeleteHook: { ...tool, timeoutSeconds: 30 }, helmTest: tool },
  'neither hook nor test': { preDeleteHook: { create: false }, helmTest: { create: false } },
  'values of a chart around it': {
    global: { imageRegistry: 'registry.example.com', imagePullSecrets: ['one', { name: 'two' }], storageClass: 'fast' },
    imagePullSecrets: [{ name: 'one' }],
  },
  'keys that are ours': {
    commonLabels: ourKeys,
    podLabels: ourKeys,
    podAnnotations: { 'checksum/registry-config': 'none', team: 'platform' },
    registryConfig: { cache: { tagTtlSeconds: 60 } },
    serviceMonitor: { create: true, labels: ourKeys },
    prometheusRule: { create: true, labels: ourKeys },
    grafanaDashboard: { create: true, labels: ourKeys },
  },
  'people who may read': { clusterRoles: { aggregate: false, readers: [{ kind: 'Group', name: 'developers' }] } },
  'no policy': { defaultPolicy: { create: false } },
  'policies with mirrored keys': {
    policies: { payments: { profile: { name: 'datadog' }, credentials: { mirror: true } } },
  },
  'a certificate of one’s own': { certificates: { source: 'secret', secretName: 'outrider-tls' } },
  'no limits': { resources: { limits: null } },
  'nothing that needs rights': {
    pullSecrets: false,
    events: false,
    audit: { minutes: 0 },
    sessions: { enabled: false },
  },
};

/** Namespaces that the sets need. */
export const namespacesOfSets = [release.namespace, 'elsewhere'];

/** Values that are refused, and with which words. */
export const refusedValues: readonly (readonly [Values, RegExp])[] = [
  [{ listenPort: 8080 }, /listenPort and plainPort are both 8080/],
  [{ nameOverride: 'a', fullnameOverride: 'b' }, /both name the installation, and differently/],
  [{ serviceMonitor: { create: true }, podMonitor: { create: true } }, /would both scrape every replica/],
  [{ caBundle: { configMap: 'a', secret: 'b' } }, /caBundle/],
  [{ extraEnv: [{ name: 'OUTRIDER_IDENTITY', value: 'a' }] }, /extraEnv has OUTRIDER_IDENTITY/],
  [{ proxy: { https: 'http://proxy' }, extraEnv: [{ name: 'HTTPS_PROXY' }] }, /extraEnv has HTTPS_PROXY/],
  [{ extraEnv: [{ name: 'A' }, { name: 'A' }] }, /extraEnv has A, which .* stands there twice/],
  [{ extraVolumes: [{ name: 'tls', emptyDir: {} }] }, /extraVolumes has tls/],
  [{ extraContainers: [{ name: 'outrider' }] }, /extraContainers and extraInitContainers has outrider/],
  [{ extraVolumeMounts: [{ name: 'a', mountPath: '/etc/outrider/tls/' }] }, /which is the chart's own/],
  [{ extraVolumeMounts: [{ name: 'a', mountPath: '/etc/outrider' }] }, /which is the chart's own/],
  [
    { registryConfig: { hosts: [{ host: 'a' }, { host: 'b', caFile: 'ca.pem' }] } },
    /hosts\[1\]\.caFile is \/etc\/outrider\/registry\/ca\.pem in the container, and nothing is mounted there/,
  ],
  [{ instance: 'canary', policies: { 'canary-default': {} } }, /is the name of the default policy/],
  [{ proxy: { https: 'proxy:3128' } }, /proxy/],
  [{ service: { type: 'ExternalName' } }, /service/],
  [{ global: { imageRegistry: 'https://registry.example.com' } }, /imageRegistry/],
];
