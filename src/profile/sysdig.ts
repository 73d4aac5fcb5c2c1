import type { ProfileInput } from '../model/profile.js';
import { taskLog, taskSettings, taskSize } from './task-settings.js';

const ibmRegions = [
  'au-syd',
  'br-sao',
  'ca-mon',
  'ca-tor',
  'eu-de',
  'eu-gb',
  'in-che',
  'in-mum',
  'jp-osa',
  'jp-tok',
  'us-east',
  'us-south',
];

/** Collector hosts by region: Sysdig's "SaaS Regions and IP Ranges", and IBM Cloud's public and private endpoints. */
const collectors: Readonly<Record<string, string>> = {
  us1: 'collector.sysdigcloud.com',
  us2: 'ingest-us2.app.sysdig.com',
  us3: 'ingest.us3.sysdig.com',
  us4: 'ingest.us4.sysdig.com',
  eu1: 'ingest-eu1.app.sysdig.com',
  eu2: 'ingest.eu2.sysdig.com',
  au1: 'ingest.au1.sysdig.com',
  in1: 'ingest.in1.sysdig.com',
  me2: 'ingest.me2.sysdig.com',
  jp1: 'ingest.jp1.sysdig.com',
  'jp1-alt': 'ingest-alt.jp1.sysdig.com',
  ...Object.fromEntries(
    ibmRegions.flatMap((region) => [
      [`ibm-${region}`, `ingest.${region}.monitoring.cloud.ibm.com`],
      [`ibm-private-${region}`, `ingest.private.${region}.monitoring.cloud.ibm.com`],
    ]),
  ),
};

const logLevels = ['silent', 'fatal', 'critical', 'error', 'warning', 'info', 'debug', 'trace'];
const address = '[A-Za-z0-9.-]{1,253}:[0-9]{1,5}';

const priority = (name: string, when: { readonly setting: string; readonly equals: boolean } | undefined) =>
  (['Availability', 'Security'] as const).map((prefer) => ({
    name,
    value: prefer.toLowerCase(),
    when: { prefer, ...when },
  }));

// The vendor does not say which of the two containers reads the variables of the log listener: both get them.
const logForward = [
  { name: 'SYSDIG_ENABLE_LOG_FORWARD', value: '${settings.logForward}' },
  { name: 'SYSDIG_LOG_FORWARD_FORMAT', value: '${settings.logForwardFormat}' },
  { name: 'SYSDIG_LOG_FORWARD_ADDR', value: '${settings.logForwardAddress}' },
  { name: 'SYSDIG_LOG_FORWARD_ADDR', value: 'localhost:${settings.logListenPort}' },
  { name: 'SYSDIG_LOG_LISTEN_PORT', value: '${settings.logListenPort}' },
  { name: 'SYSDIG_BUFFER_SIZE', value: '${settings.logBufferSize}' },
  { name: 'SYSDIG_DEADLINE_SECONDS', value: '${settings.logDeadlineSeconds}' },
];

const barePdig = '/opt/draios/bin/pdig,-C,-t,-1';

const workloadEnv = [
  { name: 'SYSDIG_SIDECAR', value: '${settings.sidecar}' },
  ...priority('SYSDIG_PRIORITY', { setting: 'priorityOnWorkload', equals: true }),
  { name: 'SYSDIG_LOGGING', value: '${settings.workloadLogging}' },
  { name: 'SYSDIG_EXTRA_CONF', value: '${settings.workloadExtraConf}' },
  { name: '__INSTRUMENTATION_WRAPPER', value: '${settings.instrumentationWrapper}' },
  ...logForward,
];

const agentEnv = [
  { name: 'SYSDIG_COLLECTOR', value: '${settings.collector}' },
  { name: 'SYSDIG_COLLECTOR_PORT', value: '${settings.collectorPort}' },
  ...priority('SYSDIG_PRIORITY', undefined),
  { name: 'SYSDIG_SIDECAR', value: '${settings.sidecar}' },
  { name: 'SYSDIG_LOGGING', value: '${settings.logging}' },
  { name: 'SYSDIG_EXTRA_CONF', value: '${settings.extraConf}' },
  ...logForward,
];

/** Sysdig's Workload Agent, 5.3 and newer: the sidecar talks to the collector itself, there is no orchestrator. */
export const sysdig: ProfileInput = {
  apiVersion: 'outrider.dev/v1alpha1',
  kind: 'InstrumentationProfile',
  metadata: { name: 'sysdig' },
  spec: {
    description: 'Sysdig Workload Agent 5.3 and newer',
    version: '2',
    settings: {
      region: {
        description: 'the Sysdig SaaS region, which decides the collector; or give collector',
        enum: Object.keys(collectors),
      },
      collector: {
        description: 'the host name of the collector, for an installation of your own or a proxy',
        pattern: '[A-Za-z0-9.-]{1,253}',
        required: true,
        lookup: { setting: 'region', table: { ...collectors } },
      },
      collectorPort: {
        type: 'integer',
        description: 'the port of the collector',
        default: 6443,
        minimum: 1,
        maximum: 65535,
      },
      version: {
        description: 'the tag of quay.io/sysdig/workload-agent, with or without @sha256:… behind it',
        default: '6.3.0',
        pattern: '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(@sha256:[a-f0-9]{64})?',
      },
      sidecar: {
        description: 'SYSDIG_SIDECAR on both containers: auto finds the sidecar, force insists on it',
        default: 'auto',
        enum: ['auto', 'force'],
      },
      priorityOnWorkload: {
        type: 'boolean',
        description:
          'whether SYSDIG_PRIORITY stands on the workload too, as the vendor’s patchers have it and its manual does not',
        default: false,
      },
      logging: { description: 'SYSDIG_LOGGING of the agent; the vendor’s default is info', enum: logLevels },
      workloadLogging: {
        description: 'SYSDIG_LOGGING of the tracer in the workload; the vendor’s default is info',
        enum: logLevels,
      },
      extraConf: {
        description:
          'SYSDIG_EXTRA_CONF of the agent: its configuration as YAML or JSON (tags, log, http_proxy, capture_controller); it stands in the pod in plain text, so no password belongs in it',
      },
      workloadExtraConf: {
        description: 'SYSDIG_EXTRA_CONF of the tracer in the workload; in plain text, like extraConf',
      },
      instrumentationWrapper: {
        description: `__INSTRUMENTATION_WRAPPER of the workload: what instrument starts instead, such as ${barePdig} for bare pdig`,
      },
      logForward: {
        type: 'boolean',
        description:
          'SYSDIG_ENABLE_LOG_FORWARD; the vendor’s default is true. Unverified which container reads it: both get it',
      },
      logForwardFormat: {
        description:
          'SYSDIG_LOG_FORWARD_FORMAT; the vendor’s default is json. Unverified which container reads it: both get it',
        enum: ['json', 'text'],
      },
      logForwardAddress: {
        description:
          'SYSDIG_LOG_FORWARD_ADDR, as HOST:PORT; the vendor’s default is localhost:32000; follows logListenPort. Unverified which container reads it: both get it',
        pattern: address,
      },
      logListenPort: {
        type: 'integer',
        description:
          'SYSDIG_LOG_LISTEN_PORT, the port of the agent’s log listener in the pod; the vendor’s default is 32000. Unverified which container reads it: both get it',
        minimum: 1,
        maximum: 65535,
      },
      logBufferSize: {
        type: 'integer',
        description:
          'SYSDIG_BUFFER_SIZE of the log listener; the vendor’s default is 1024. Unverified which container reads it: both get it',
        minimum: 1,
      },
      logDeadlineSeconds: {
        type: 'integer',
        description:
          'SYSDIG_DEADLINE_SECONDS of the log listener; the vendor’s default is 3. Unverified which container reads it: both get it',
        minimum: 0,
      },
      taskBarePdig: {
        description:
          'names of the containers of a task that instrument starts under bare pdig, separated by commas, as bare_pdig_on_containers of the vendor’s Terraform provider; all of them by instrumentationWrapper. Tasks only',
        pattern: '[A-Za-z0-9_, -]{1,2600}',
      },
      ...taskSettings('SysdigInstrumentation', 'sysdig'),
    },
    image: 'quay.io/sysdig/workload-agent:${settings.version}',
    credentials: { name: 'sysdig-agent', key: 'access-key' },
    shareProcessNamespace: true,
    capabilities: ['SYS_PTRACE'],
    wrapper: { argv: ['/opt/draios/bin/instrument'] },
    volume: {
      name: 'sysdig-workload-agent',
      mountPath: '/opt/draios',
      copy: {
        name: 'sysdig-workload-agent-copy',
        toolsName: 'sysdig-workload-agent-tools',
        from: '/opt/draios',
      },
      imageVolume: { subPath: 'opt/draios' },
    },
    env: workloadEnv,
    // The vendor's sources are closed: what reads them, and what they take for none, is known about few. SYSDIG_SIDECAR
    // is given to every container, so that the tracer passes on to the sidecar; the collector's and the orchestrator's
    // names count for an agent that is embedded in the workload, which is what SYSDIG_SIDECAR rules out. Those about
    // logs send no events anywhere.
    reservedEnv: [
      'SYSDIG_SIDECAR',
      // The vendor names no default of these two: empty is none.
      { name: '__INSTRUMENTATION_WRAPPER', unset: '' },
      'SYSDIG_PRIORITY',
      'SYSDIG_ACCESS_KEY',
      'SYSDIG_COLLECTOR',
      'SYSDIG_COLLECTOR_PORT',
      'SYSDIG_ORCHESTRATOR',
      'SYSDIG_ORCHESTRATOR_PORT',
      'SYSDIG_LOGGING',
      { name: 'SYSDIG_EXTRA_CONF', unset: '' },
      'SYSDIG_ENABLE_LOG_FORWARD',
      'SYSDIG_LOG_FORWARD_FORMAT',
      'SYSDIG_LOG_FORWARD_ADDR',
      'SYSDIG_LOG_LISTEN_PORT',
      'SYSDIG_BUFFER_SIZE',
      'SYSDIG_DEADLINE_SECONDS',
    ],
    hosts: ['${settings.collector}'],
    sidecar: {
      name: 'sysdig-workload-agent',
      env: [{ name: 'SYSDIG_ACCESS_KEY', fromSecret: 'credentials' }, ...agentEnv],
      ports: [{ setting: 'logListenPort', default: 32000 }],
      resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } },
      minimumLimits: { cpu: '100m', memory: '256Mi' },
      readOnlyRootFilesystem: false,
    },
    task: {
      sharePidNamespace: true,
      capabilities: ['SYS_PTRACE'],
      toolsPath: '/opt/draios',
      env: [{ name: '__INSTRUMENTATION_WRAPPER', value: barePdig, containersSetting: 'taskBarePdig' }, ...workloadEnv],
      agent: {
        name: '${settings.containerName}',
        env: [{ name: 'SYSDIG_ACCESS_KEY', secretFrom: 'accessKeySecretArn' }, ...agentEnv],
        log: taskLog,
        ...taskSize,
      },
    },
  },
};
