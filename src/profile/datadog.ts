import type { ProfileInput } from '../model/profile.js';
import { taskLog, taskSettings, taskSize } from './task-settings.js';

const tag = '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(@sha256:[a-f0-9]{64})?';

const setup = ['/cws-instrumentation', 'setup', '--cws-volume-mount', '/cws-instrumentation-volume'];

/** A port of the Agent that can be moved out of the way of a workload that has the same. */
function portSetting(what: string, usual: number): NonNullable<ProfileInput['spec']['settings']>[string] {
  return { type: 'integer', description: `${what}; the vendor’s default is ${usual}`, minimum: 1, maximum: 65535 };
}

const agentEnv = [
  { name: 'DD_RUNTIME_SECURITY_CONFIG_ENABLED', value: 'true' },
  { name: 'DD_RUNTIME_SECURITY_CONFIG_EBPFLESS_ENABLED', value: 'true' },
  { name: 'DD_RUNTIME_SECURITY_CONFIG_EBPFLESS_SOCKET', value: '${settings.probeAddress}' },
  { name: 'DD_REMOTE_CONFIGURATION_ENABLED', value: '${settings.remoteConfiguration}' },
  {
    name: 'DD_RUNTIME_SECURITY_CONFIG_REMOTE_CONFIGURATION_ENABLED',
    value: '${settings.remoteConfiguration}',
  },
  { name: 'DD_TAGS', value: '${settings.tags}' },
  { name: 'DD_LOG_LEVEL', value: '${settings.logLevel}' },
  { name: 'DD_EXPVAR_PORT', value: '${settings.expvarPort}' },
  { name: 'DD_CMD_PORT', value: '${settings.commandPort}' },
  { name: 'DD_DOGSTATSD_PORT', value: '${settings.dogstatsdPort}' },
  { name: 'DD_APM_RECEIVER_PORT', value: '${settings.apmPort}' },
  { name: 'DD_PROCESS_CONFIG_EXPVAR_PORT', value: '${settings.processExpvarPort}' },
  { name: 'DD_PROCESS_CONFIG_CMD_PORT', value: '${settings.processCommandPort}' },
];

/** Datadog Workload Protection without eBPF: the tracer of cws-instrumentation and the Agent as a sidecar. */
export const datadog: ProfileInput = {
  apiVersion: 'outrider.dev/v1alpha1',
  kind: 'InstrumentationProfile',
  metadata: { name: 'datadog' },
  spec: {
    description: 'Datadog Workload Protection (CWS) without eBPF',
    version: '2',
    settings: {
      site: {
        description: 'DD_SITE, the Datadog site, such as datadoghq.com, us5.datadoghq.com or datadoghq.eu',
        default: 'datadoghq.com',
        pattern: '[A-Za-z0-9.-]{1,253}',
      },
      clusterName: {
        description: 'DD_CLUSTER_NAME, the cluster’s name in Datadog; the vendor’s manual for EKS Fargate gives it',
        pattern: '[A-Za-z0-9._-]{1,80}',
      },
      eksFargate: {
        type: 'boolean',
        description: 'DD_EKS_FARGATE, true for pods on EKS Fargate',
      },
      version: {
        description: 'the tag of public.ecr.aws/datadog/agent, with or without @sha256:… behind it',
        default: '7.81.1',
        pattern: tag,
      },
      tracerImage: {
        description: 'the repository of the tracer’s image',
        default: 'public.ecr.aws/datadog/cws-instrumentation',
        pattern: '[A-Za-z0-9][A-Za-z0-9.:/_-]{0,254}',
      },
      tracerVersion: {
        description:
          'the tag of the tracer’s image, with or without @sha256:… behind it; follows version. Unverified that each tag of the Agent exists for it',
        default: '7.81.1',
        pattern: tag,
        lookup: { setting: 'version' },
      },
      probeAddress: {
        description:
          'HOST:PORT on which the Agent listens for the tracer: --probe-addr of the tracer and the Agent’s socket; the vendor’s default is localhost:5678',
        pattern: '[A-Za-z0-9.-]{1,253}:[0-9]{1,5}',
      },
      verbose: { type: 'boolean', description: 'whether the tracer says what it does: --verbose', default: false },
      debug: { type: 'boolean', description: 'whether the tracer writes debug output: --debug', default: false },
      disableStats: {
        type: 'boolean',
        description: 'whether the tracer leaves out its statistics: --disable-stats',
        default: false,
      },
      disableProcScan: {
        type: 'boolean',
        description: 'whether the tracer leaves out its scan of /proc: --disable-proc-scan',
        default: false,
      },
      procScanRate: {
        description: 'how often the tracer scans /proc, as a duration such as 1s: --proc-scan-rate',
        pattern: '[0-9]{1,9}(ns|us|ms|s|m|h)',
      },
      disableSeccomp: {
        type: 'boolean',
        description: 'whether the tracer does without its seccomp filter, which is slower: --disable-seccomp',
        default: false,
      },
      uid: {
        type: 'integer',
        description: 'the uid that the tracer starts the workload with: --uid',
        minimum: 0,
        maximum: 4294967294,
      },
      gid: {
        type: 'integer',
        description: 'the gid that the tracer starts the workload with: --gid',
        minimum: 0,
        maximum: 4294967294,
      },
      remoteConfiguration: {
        type: 'boolean',
        description:
          'whether the Agent takes new rules from Datadog by itself: DD_REMOTE_CONFIGURATION_ENABLED and DD_RUNTIME_SECURITY_CONFIG_REMOTE_CONFIGURATION_ENABLED',
      },
      tags: { description: 'DD_TAGS, tags for everything that the Agent sends: KEY:VALUE, separated by blanks' },
      logLevel: {
        description: 'DD_LOG_LEVEL of the Agent; the vendor’s default is info',
        enum: ['trace', 'debug', 'info', 'warn', 'error', 'critical', 'off'],
      },
      expvarPort: portSetting('DD_EXPVAR_PORT, where the Agent shows its own figures', 5000),
      commandPort: portSetting('DD_CMD_PORT, where the Agent takes commands', 5001),
      dogstatsdPort: portSetting('DD_DOGSTATSD_PORT, where the Agent takes metrics, of UDP', 8125),
      apmPort: portSetting('DD_APM_RECEIVER_PORT, where the Agent takes traces', 8126),
      processExpvarPort: portSetting('DD_PROCESS_CONFIG_EXPVAR_PORT, of the Process Agent', 6062),
      processCommandPort: portSetting('DD_PROCESS_CONFIG_CMD_PORT, of the Process Agent', 6162),
      agentCondition: {
        description:
          'what an instrumented container of an ECS task waits for: HEALTHY, as the vendor’s manual has it, keeps it from starting beside an agent that does not work; START does not',
        default: 'HEALTHY',
        enum: ['HEALTHY', 'START'],
      },
      ...taskSettings('datadog-agent', 'datadog'),
    },
    image: 'public.ecr.aws/datadog/agent:${settings.version}',
    credentials: { name: 'datadog-agent', key: 'api-key' },
    shareProcessNamespace: true,
    wrapper: {
      argv: [
        '/cws-instrumentation-volume/cws-instrumentation',
        'trace',
        { value: '--async', when: { prefer: 'Availability' } },
        { value: '--probe-addr', when: { setting: 'probeAddress' } },
        { value: '${settings.probeAddress}', when: { setting: 'probeAddress' } },
        { value: '--uid', when: { setting: 'uid' } },
        { value: '${settings.uid}', when: { setting: 'uid' } },
        { value: '--gid', when: { setting: 'gid' } },
        { value: '${settings.gid}', when: { setting: 'gid' } },
        { value: '--verbose', when: { setting: 'verbose', equals: true } },
        { value: '--debug', when: { setting: 'debug', equals: true } },
        { value: '--disable-stats', when: { setting: 'disableStats', equals: true } },
        { value: '--disable-proc-scan', when: { setting: 'disableProcScan', equals: true } },
        { value: '--proc-scan-rate', when: { setting: 'procScanRate' } },
        { value: '${settings.procScanRate}', when: { setting: 'procScanRate' } },
        { value: '--disable-seccomp', when: { setting: 'disableSeccomp', equals: true } },
        '--',
      ],
    },
    volume: {
      name: 'cws-instrumentation-volume',
      mountPath: '/cws-instrumentation-volume',
      copy: {
        image: '${settings.tracerImage}:${settings.tracerVersion}',
        name: 'cws-instrumentation-init',
        command: setup,
      },
      // The tracer is in the root of its image, so the image itself can be the volume.
      imageVolume: {},
    },
    // What the tracer reads of its environment where no flag says otherwise: `trace.go`, `cws.go` and
    // `container_context.go` of cws-instrumentation in DataDog/datadog-agent, 7.81. Each takes an empty text for none:
    // a bool is true only as "true", the others are left alone where they are "". ECS_CONTAINER_METADATA_URI_V4 is
    // ECS's own, and HOST_PROC (gopsutil) many a workload's: both affect what is reported about a process, not whether
    // it is traced.
    reservedEnv: [
      { name: 'DD_CWS_INSTRUMENTATION_STATS_DISABLED', unset: '' },
      { name: 'DD_CWS_INSTRUMENTATION_PROC_SCAN_DISABLED', unset: '' },
      { name: 'DD_CWS_INSTRUMENTATION_PROC_SCAN_RATE', unset: '' },
      { name: 'DD_CWS_INSTRUMENTATION_SECCOMP_DISABLED', unset: '' },
      // Under which container's name events come.
      { name: 'DD_CONTAINER_ID', unset: '' },
      // Of the vendor's own tests, and read all the same: which files tell the names of users and groups.
      { name: 'TEST_DD_PASSWD_PATH', unset: '' },
      { name: 'TEST_DD_GROUP_PATH', unset: '' },
      // The first two as tracers of some 7.5x called them; those of today read neither.
      'DD_CWS_INSTRUMENTATION_DISABLE_STATS',
      'DD_CWS_INSTRUMENTATION_DISABLE_PROC_SCAN',
    ],
    // The Agent makes the names of its intakes from the site's.
    hosts: ['${settings.site}', '*.${settings.site}'],
    sidecar: {
      name: 'datadog-agent',
      env: [
        { name: 'DD_API_KEY', fromSecret: 'credentials' },
        { name: 'DD_SITE', value: '${settings.site}' },
        { name: 'DD_EKS_FARGATE', value: '${settings.eksFargate}' },
        { name: 'DD_CLUSTER_NAME', value: '${settings.clusterName}' },
        { name: 'DD_KUBERNETES_KUBELET_NODENAME', fromField: 'spec.nodeName' },
        ...agentEnv,
      ],
      // "Open ports" of docs.datadoghq.com/agent/configuration/network and the defaults of the Agent's datadog.yaml.
      ports: [
        { setting: 'probeAddress', default: 5678 },
        { setting: 'expvarPort', default: 5000 },
        { setting: 'commandPort', default: 5001 },
        { setting: 'dogstatsdPort', default: 8125, protocol: 'UDP' },
        { setting: 'apmPort', default: 8126 },
        { setting: 'processExpvarPort', default: 6062 },
        { setting: 'processCommandPort', default: 6162 },
      ],
      resources: { requests: { cpu: '200m', memory: '256Mi' }, limits: { cpu: '200m', memory: '256Mi' } },
      readOnlyRootFilesystem: false,
      // It reads the kubelet, by a ClusterRole that is bound to the pod's ServiceAccount.
      apiAccess: true,
    },
    task: {
      sharePidNamespace: true,
      capabilities: ['SYS_PTRACE'],
      toolsPath: '/cws-instrumentation-volume',
      volume: {
        name: 'cws-instrumentation-volume',
        init: { name: 'cws-instrumentation-init', command: setup, user: '0' },
      },
      dependsOn: [
        { part: 'agent', condition: '${settings.agentCondition}' },
        { part: 'init', condition: 'SUCCESS' },
      ],
      agent: {
        name: '${settings.containerName}',
        env: [
          { name: 'DD_API_KEY', secretFrom: 'accessKeySecretArn' },
          { name: 'DD_SITE', value: '${settings.site}' },
          { name: 'ECS_FARGATE', value: 'true', fargateOnly: true },
          ...agentEnv,
        ],
        healthCheck: {
          command: ['CMD-SHELL', '/probe.sh'],
          intervalSeconds: 30,
          timeoutSeconds: 5,
          retries: 2,
          startPeriodSeconds: 60,
        },
        log: taskLog,
        ...taskSize,
      },
    },
  },
};
