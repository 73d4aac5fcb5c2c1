import { choice, flag, flagOrAuto, integer, list, listOf, text, type Setting } from './setting.js';
import type { ClusterFacts, PodSecurityLevel } from '../model/recipe.js';
import { version } from '../model/version.js';

const aDayMs = 24 * 60 * 60 * 1000;

type ImageRewrite = ClusterFacts['imageRewrites'][number];

/**
 * Every setting of `outrider serve`. A row gives its flag; the environment variable is the flag in capitals behind
 * `OUTRIDER_`, the key in a settings file is the row's own. No flag may be called `port`, `service-…` or `…-port` after
 * a Service: Kubernetes sets `OUTRIDER_PORT=tcp://…` in every pod beside a Service named `outrider`.
 */
export const settingsTable = {
  settingsFile: text({
    flag: 'settings-file',
    placeholder: 'FILE',
    default: '',
    help: 'YAML file with settings, by the keys of this table. Flags and variables win over it.',
  }),
  config: text({
    flag: 'config',
    placeholder: 'DIR',
    default: '',
    help: 'Folder with policies, profiles, image maps and namespaces. Watched. Empty: a built-in demonstration policy.',
  }),
  cluster: flag({
    flag: 'cluster',
    default: false,
    help: 'Policies, profiles, namespaces and facts come from the API server, and its webhook configurations are kept. Not with --config.',
  }),
  kubeconfig: text({
    flag: 'kubeconfig',
    placeholder: 'FILE',
    default: '',
    help: 'Kubeconfig for --cluster. Empty: what kubectl takes, and in a pod its ServiceAccount.',
  }),
  instance: text({
    flag: 'instance',
    placeholder: 'NAME',
    default: 'outrider',
    help: 'Name of the installation: its Lease, Secret, ConfigMap, ClusterRole and webhook configurations are called after it.',
  }),
  ownNamespace: text({
    flag: 'own-namespace',
    placeholder: 'NAME',
    default: 'outrider-system',
    help: 'Namespace of the installation. Its pods are never touched.',
  }),
  identity: text({
    flag: 'identity',
    placeholder: 'NAME',
    default: '',
    help: 'Name of this replica in the Lease. Empty: the host’s name, which in a pod is the pod’s.',
  }),
  webhookService: text({
    flag: 'webhook-service',
    placeholder: 'NAME[:PORT]',
    default: 'outrider:443',
    help: 'Service, in the installation’s namespace, by which the API server reaches the webhook.',
  }),
  webhookUrl: text({
    flag: 'webhook-url',
    placeholder: 'URL',
    default: '',
    help: 'Address by which the API server reaches the webhook, in place of a Service: https://HOST[:PORT].',
  }),
  webhookTimeoutSeconds: integer({
    flag: 'webhook-timeout-seconds',
    placeholder: 'SECONDS',
    default: 10,
    min: 1,
    max: 30,
    help: 'How long the API server waits for the webhook.',
  }),
  matchConditions: text({
    flag: 'match-conditions',
    placeholder: 'JSON',
    default: '',
    help: 'matchConditions of every webhook: a JSON array of {name, expression}. An expression that the API server refuses is not used.',
  }),
  certificates: choice({
    flag: 'certificates',
    of: ['auto', 'self-managed', 'files', 'development'],
    default: 'auto',
    help: 'Where the certificate comes from. auto: files with --tls-cert, self-managed with --cluster, else development.',
  }),
  caBundle: text({
    flag: 'ca-bundle',
    placeholder: 'FILE',
    default: '',
    help: 'Authorities, PEM, that the API server is told to trust, with --cluster and --tls-cert. Watched. Empty: the certificate’s own chain.',
  }),
  leafLifetimeMinutes: integer({
    flag: 'leaf-lifetime-minutes',
    placeholder: 'MINUTES',
    default: 90 * 24 * 60,
    min: 2,
    max: 400 * 24 * 60,
    help: 'How long a self-managed certificate is valid. It is renewed at two thirds of it.',
  }),
  caLifetimeMinutes: integer({
    flag: 'ca-lifetime-minutes',
    placeholder: 'MINUTES',
    default: 10 * 365 * 24 * 60,
    min: 4,
    max: 30 * 365 * 24 * 60,
    help: 'How long a self-managed authority is valid. It is replaced at two thirds of it.',
  }),
  caOverlapSeconds: integer({
    flag: 'ca-overlap-seconds',
    placeholder: 'SECONDS',
    default: 300,
    min: 1,
    max: 24 * 60 * 60,
    help: 'How long a new authority is trusted before a certificate of it is served.',
  }),
  clientCa: text({
    flag: 'client-ca',
    placeholder: 'FILE',
    default: '',
    help: 'Authorities, PEM, of the API server’s client certificate. Given: a review without one of theirs is refused. Watched.',
  }),
  clientNames: list({
    flag: 'client-name',
    placeholder: 'NAMES',
    default: [],
    help: 'Common names that the client certificate may have. Empty: any.',
  }),
  leaseSeconds: integer({
    flag: 'lease-seconds',
    placeholder: 'SECONDS',
    default: 15,
    min: 3,
    max: 300,
    help: 'How long after its last sign of life a leader is taken for gone.',
  }),
  relistMinutes: integer({
    flag: 'relist-minutes',
    placeholder: 'MINUTES',
    default: 10,
    min: 1,
    max: 24 * 60,
    help: 'How often what is watched is also listed anew.',
  }),
  probeSeconds: integer({
    flag: 'probe-seconds',
    placeholder: 'SECONDS',
    default: 60,
    min: 0,
    max: 3600,
    help: 'How often the leader proves that the API server reaches the webhook. 0: never.',
  }),
  pullSecrets: flag({
    flag: 'pull-secrets',
    default: true,
    help: 'With --cluster, read pull secrets and ServiceAccounts for look-ups, on demand.',
  }),
  mirrorSecrets: flag({
    flag: 'mirror-secrets',
    default: true,
    help: 'With --cluster, copy access keys into namespaces for policies that say credentials.mirror.',
  }),
  events: flag({
    flag: 'events',
    default: true,
    help: 'With --cluster, write Events about skips that matter, partial injections and denials.',
  }),
  listenHost: text({
    flag: 'listen-host',
    placeholder: 'HOST',
    default: '::',
    help: 'Address that both ports listen on. :: is every address, IPv4 included.',
  }),
  listenPort: integer({
    flag: 'listen-port',
    placeholder: 'PORT',
    default: 8443,
    min: 0,
    max: 65_535,
    help: 'Port of the webhook, TLS. 0 takes a free one and says which.',
  }),
  plainPort: integer({
    flag: 'plain-port',
    placeholder: 'PORT',
    default: 8080,
    min: 0,
    max: 65_535,
    help: 'Port of health, readiness and metrics, plain HTTP. 0 takes a free one and says which.',
  }),
  tlsCert: text({
    flag: 'tls-cert',
    placeholder: 'FILE',
    default: '',
    help: 'Certificate chain, PEM, the server’s own first. Watched. Together with --tls-key.',
  }),
  tlsKey: text({
    flag: 'tls-key',
    placeholder: 'FILE',
    default: '',
    help: 'Private key of the certificate, PEM. Watched. Together with --tls-cert.',
  }),
  certsDir: text({
    flag: 'certs-dir',
    placeholder: 'DIR',
    default: 'certs',
    help: 'Folder for a development CA and certificate, made when --tls-cert and --tls-key are not given.',
  }),
  dnsNames: list({
    flag: 'dns-name',
    placeholder: 'NAME',
    default: ['localhost', 'outrider.outrider.svc'],
    help: 'DNS name or IP address that the development certificate is for.',
  }),
  maxBodyBytes: integer({
    flag: 'max-body-bytes',
    placeholder: 'BYTES',
    default: 8 * 1024 * 1024,
    min: 1024,
    max: 64 * 1024 * 1024,
    help: 'Largest review that is read. A larger one is answered with 413.',
  }),
  maxInFlight: integer({
    flag: 'max-in-flight',
    default: 256,
    min: 1,
    max: 65_536,
    help: 'Reviews worked on at a time. One more is answered with 503, which the API server tries again.',
  }),
  defaultTimeoutMs: integer({
    flag: 'default-timeout-ms',
    placeholder: 'MS',
    default: 10_000,
    min: 100,
    max: 30_000,
    help: 'Time for a review whose request has no ?timeout=.',
  }),
  timeoutMarginMs: integer({
    flag: 'timeout-margin-ms',
    placeholder: 'MS',
    default: 500,
    min: 0,
    max: 10_000,
    help: 'How long before the API server’s own timeout an answer must be ready. Never more than half of the timeout.',
  }),
  drainGraceMs: integer({
    flag: 'drain-grace-ms',
    placeholder: 'MS',
    default: 10_000,
    min: 0,
    max: 15_000,
    help: 'How long reviews are still answered after SIGTERM. In a cluster 5000 to 15000: the API server goes on calling.',
  }),
  drainTimeoutMs: integer({
    flag: 'drain-timeout-ms',
    placeholder: 'MS',
    default: 10_000,
    min: 0,
    max: 60_000,
    help: 'How long, after the grace, reviews under way may take to end.',
  }),
  reloadIntervalMs: integer({
    flag: 'reload-interval-ms',
    placeholder: 'MS',
    default: 30_000,
    min: 100,
    max: aDayMs,
    help: 'How often watched files are looked at, for file systems that announce no changes.',
  }),
  logLevel: choice({
    flag: 'log-level',
    placeholder: 'LEVEL',
    of: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
    help: 'The least severe lines that are logged.',
  }),
  logFormat: choice({
    flag: 'log-format',
    of: ['auto', 'json', 'pretty'],
    default: 'auto',
    help: 'JSON, or lines for people. auto: for people on a terminal.',
  }),
  nativeSidecars: flagOrAuto({
    flag: 'native-sidecars',
    default: 'auto',
    help: 'The cluster runs native sidecars: Kubernetes 1.29 or newer on every node. auto: what the nodes say with --cluster, else true.',
  }),
  imageVolumes: flagOrAuto({
    flag: 'image-volumes',
    default: 'auto',
    help: 'Every node mounts image volumes with subPath: containerd 2.2 or newer. auto: what the nodes say with --cluster, else false.',
  }),
  podSecurityDefault: choice<PodSecurityLevel>({
    flag: 'pod-security-default',
    of: ['privileged', 'baseline', 'restricted'],
    default: 'privileged',
    help: 'Pod Security level of namespaces that have no label for it.',
  }),
  openshift: flagOrAuto({
    flag: 'openshift',
    default: 'auto',
    help: 'The cluster is OpenShift: uids are left to its security context constraints. auto: what the API server says with --cluster, else false.',
  }),
  sandboxedRuntimeClasses: list({
    flag: 'sandboxed-runtime-classes',
    placeholder: 'GLOBS',
    default: ['gvisor', 'runsc*', 'kata*'],
    help: 'Names of runtime classes that are sandboxes, as globs.',
  }),
  toolsImage: text({
    flag: 'tools-image',
    placeholder: 'IMAGE',
    default: `ghcr.io/outrider/outrider:${version}`,
    help: 'Image with the copier: Outrider’s own.',
  }),
  imageRewrites: listOf<ImageRewrite>({
    flag: 'image-rewrite',
    placeholder: 'FROM=TO',
    default: [],
    help: 'Prefix of the images Outrider adds, and what to write in its place. The first that fits is used.',
    allowed: 'of the form FROM=TO, both not empty',
    write: ({ from, to }) => `${from}=${to}`,
    read: (item) => {
      const [from, to, ...more] = item.split('=');
      return from !== undefined && to !== undefined && from !== '' && to !== '' && more.length === 0
        ? { from, to }
        : undefined;
    },
  }),
  excludedNamespaces: list({
    flag: 'excluded-namespaces',
    placeholder: 'NAMES',
    default: ['kube-system', 'outrider-system'],
    help: 'Namespaces in which no pod is ever touched.',
  }),
  imageConfig: text({
    flag: 'image-config',
    placeholder: 'FILE',
    default: '',
    help: 'With --cluster, what images start: JSON, {"REFERENCE": {"entrypoint": […], "cmd": […]}}. Read at the start.',
  }),
  lookup: flag({
    flag: 'lookup',
    default: true,
    help: 'Ask registries what images start, for containers that give no command. false: image maps and annotations only.',
  }),
  registryConfig: text({
    flag: 'registry-config',
    placeholder: 'FILE',
    default: '',
    help: 'RegistryConfiguration: mirrors, plain HTTP, certificate authorities, allowed registries, cache times. Read at the start.',
  }),
  dockerConfig: text({
    flag: 'docker-config',
    placeholder: 'FILE',
    default: '',
    help: 'Docker’s config.json with credentials for registries. Empty: none for serve, and a user’s own for the other commands.',
  }),
  imageCacheFile: text({
    flag: 'image-cache-file',
    placeholder: 'FILE',
    default: '',
    help: 'File that keeps what is known of images over a restart. Empty: none.',
  }),
} as const;

type Table = typeof settingsTable;

/** The name of a setting: its key in the table and in a settings file. */
export type SettingKey = keyof Table;

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** Every setting with its value. */
export type Settings = { readonly [K in SettingKey]: ValueOf<Table[K]> };
