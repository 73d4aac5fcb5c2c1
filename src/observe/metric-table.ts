/** One metric. */
export interface MetricRow<Kind extends string = string, Label extends string = string> {
  readonly kind: Kind;
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
  /** Of a histogram: upper bounds in the metric's unit. */
  readonly buckets?: readonly number[];
}

/** Every metric of our own. It is counted where it is opened. */
export const metricTable = {
  reviews: {
    kind: 'counter',
    name: 'outrider_admission_reviews_total',
    help: 'Admission reviews answered, by what was decided and why. Only those of a policy whose mode is Report have the labels would and would_reason: what mode Inject would decide.',
    labels: ['door', 'policy', 'decision', 'reason', 'would', 'would_reason'],
  },
  reviewDuration: {
    kind: 'histogram',
    name: 'outrider_admission_duration_seconds',
    help: 'Time from a review read to its answer made.',
    labels: ['door'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  injectionsBy: {
    kind: 'counter',
    name: 'outrider_injections_total',
    help: 'Pods that came to the mutating door and are instrumented, by who did it: the API server by itself, or the webhook.',
    labels: ['by'],
  },
  certificateExpiry: {
    kind: 'gauge',
    name: 'outrider_certificate_expiry_timestamp_seconds',
    help: 'End of the served certificate, in seconds since the epoch.',
    labels: [],
  },
  certificateReloads: {
    kind: 'counter',
    name: 'outrider_certificate_reloads_total',
    help: 'Changes of the certificate files, taken over or refused.',
    labels: ['result'],
  },
  reloads: {
    kind: 'counter',
    name: 'outrider_configuration_reloads_total',
    help: 'Readings of the configuration, the first one included.',
    labels: ['result'],
  },
  lastReload: {
    kind: 'gauge',
    name: 'outrider_configuration_last_reload_successful',
    help: '1 if the last reading of the configuration succeeded, 0 if an older one is still in force.',
    labels: [],
  },
  rejected: {
    kind: 'counter',
    name: 'outrider_rejected_requests_total',
    help: 'Requests to the webhook that got an HTTP error instead of an admission response.',
    labels: ['cause'],
  },
  unproven: {
    kind: 'counter',
    name: 'outrider_unproven_reviews_total',
    help: 'Reviews without proof that the API server sends them, answered without look-ups and effects.',
    labels: ['door'],
  },
  sessions: {
    kind: 'counter',
    name: 'outrider_sessions_total',
    help: 'Sessions in running pods, by what they are (exec, attach, debug) and their outcome.',
    labels: ['policy', 'kind', 'decision'],
  },
  buildInfo: {
    kind: 'gauge',
    name: 'outrider_build_info',
    help: 'Always 1; the labels say what runs.',
    labels: ['version', 'node_version'],
  },
  inFlight: { kind: 'gauge', name: 'outrider_admission_in_flight', help: 'Reviews under way.', labels: [] },
  pendingBytes: {
    kind: 'gauge',
    name: 'outrider_admission_pending_bytes',
    help: 'Memory that reviews hold, as far as it is counted.',
    labels: [],
  },

  cacheRequests: {
    kind: 'counter',
    name: 'outrider_image_cache_requests_total',
    help: 'Questions to the image cache, by how they were answered.',
    labels: ['result'],
  },
  cacheEvictions: {
    kind: 'counter',
    name: 'outrider_image_cache_evictions_total',
    help: 'Entries of the image cache dropped for room.',
    labels: [],
  },
  cacheEntries: {
    kind: 'gauge',
    name: 'outrider_image_cache_entries',
    help: 'Images and indexes in the cache.',
    labels: [],
  },
  cacheBytes: {
    kind: 'gauge',
    name: 'outrider_image_cache_bytes',
    help: 'Bytes that the cached images take, about.',
    labels: [],
  },
  lookupsInFlight: {
    kind: 'gauge',
    name: 'outrider_image_lookups_in_flight',
    help: 'Image look-ups under way.',
    labels: [],
  },
  lookupDuration: {
    kind: 'histogram',
    name: 'outrider_image_lookup_duration_seconds',
    help: 'Time of image look-ups that were not answered at once.',
    labels: ['result'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  registryRequests: {
    kind: 'counter',
    name: 'outrider_registry_requests_total',
    help: 'Requests to registries and token servers, by purpose and class of the answer.',
    labels: ['purpose', 'code'],
  },

  watchStaleness: {
    kind: 'gauge',
    name: 'outrider_watch_staleness_seconds',
    help: 'Time since the API server last said anything on a watch.',
    labels: ['kind'],
  },
  watchFailures: {
    kind: 'counter',
    name: 'outrider_watch_failures_total',
    help: 'Lists and watches that failed and were tried again.',
    labels: ['kind'],
  },
  clockSkew: {
    kind: 'gauge',
    name: 'outrider_clock_skew_seconds',
    help: 'How far the clock of this machine is ahead of the API server’s; absent while nobody knows.',
    labels: [],
  },
  leader: { kind: 'gauge', name: 'outrider_leader', help: '1 on the replica that leads.', labels: [] },
  registrations: {
    kind: 'counter',
    name: 'outrider_webhook_configuration_writes_total',
    help: 'Writes of webhook configurations, by what made them necessary.',
    labels: ['configuration', 'cause', 'result'],
  },
  reachable: {
    kind: 'gauge',
    name: 'outrider_webhook_reachable',
    help: '1 if the API server reached the webhook in the leader’s last self-test, 0 if not.',
    labels: [],
  },
  selfTestDuration: {
    kind: 'gauge',
    name: 'outrider_self_test_duration_seconds',
    help: 'Time of the last self-test: a dry run through the API server and the webhook.',
    labels: [],
  },
  inForceTests: {
    kind: 'counter',
    name: 'outrider_in_force_tests_total',
    help: 'Self-tests on connections of their own, by what the API server that was met has loaded.',
    labels: ['result'],
  },
  policyConditions: {
    kind: 'gauge',
    name: 'outrider_policy_conditions',
    help: 'Policies by condition and status.',
    labels: ['condition', 'status'],
  },
  mirroredSecrets: {
    kind: 'gauge',
    name: 'outrider_mirrored_secrets',
    help: 'Copies of access keys in matched namespaces.',
    labels: ['state'],
  },
  events: {
    kind: 'counter',
    name: 'outrider_events_total',
    help: 'Events about decisions, by their outcome.',
    labels: ['result'],
  },
  portProof: {
    kind: 'gauge',
    name: 'outrider_port_asks_for_proof',
    help: '1 while a review has to prove that the API server sends it, 0 while the port is open.',
    labels: [],
  },
  coveragePods: {
    kind: 'gauge',
    name: 'outrider_coverage_pods',
    help: 'Running pods by policy, what it prefers, and state, as the leader’s last sweep found them.',
    labels: ['policy', 'prefer', 'state'],
  },
  coverageByApiServer: {
    kind: 'gauge',
    name: 'outrider_coverage_by_api_server_pods',
    help: 'Running pods by policy that are instrumented, and whose label says that the API server did it by itself.',
    labels: ['policy'],
  },
  coverageDuration: {
    kind: 'gauge',
    name: 'outrider_coverage_sweep_duration_seconds',
    help: 'Time that the leader’s last look at running pods took.',
    labels: [],
  },
  coverageAge: {
    kind: 'gauge',
    name: 'outrider_coverage_age_seconds',
    help: 'Time since the leader’s last look at running pods came through; before the first one, since leading began.',
    labels: [],
  },
  takenBackWorkloads: {
    kind: 'gauge',
    name: 'outrider_taken_back_workloads',
    help: 'Workloads whose pods parts of ours keep from running, by policy and state: left alone, tried again, insisted on by the policy, or beyond the number that is kept.',
    labels: ['policy', 'state'],
  },
  takeBackTries: {
    kind: 'counter',
    name: 'outrider_take_back_tries_total',
    help: 'Workloads that were taken back and tried again, by outcome.',
    labels: ['result'],
  },
  takeBackDuration: {
    kind: 'gauge',
    name: 'outrider_take_back_look_duration_seconds',
    help: 'Time that the leader’s last look for pods took that parts of ours keep from running.',
    labels: [],
  },
  takeBackAge: {
    kind: 'gauge',
    name: 'outrider_take_back_age_seconds',
    help: 'Time since that look last came through; before the first one, since leading began.',
    labels: [],
  },
  paused: { kind: 'gauge', name: 'outrider_paused', help: '1 while the installation is paused.', labels: [] },
} as const satisfies Readonly<Record<string, MetricRow<'counter' | 'gauge' | 'histogram'>>>;
