import { always, changed, growing, healthy, then, type Scraped } from './series.js';

/** A scene, and which alerts fire in it at its end. */
export interface Scene {
  readonly title: string;
  readonly replicas: readonly Scraped[];
  /** In promtool's notation, from the scene's beginning. */
  readonly at: string;
  /** Alerts and, after a space, their severity and labels of their own. */
  readonly fires: readonly string[];
}

const scene = (title: string, at: string, replicas: readonly Scraped[], ...fires: readonly string[]): Scene => ({
  title,
  at,
  replicas,
  fires,
});

const reviews = (door: string, decision: string, reason: string, policy = 'payments') =>
  `outrider_admission_reviews_total{door="${door}",policy="${policy}",decision="${decision}",reason="${reason}"}`;
/** Reviews of a policy whose mode is Report. */
const reported = (reason: string, would: string, wouldReason: string) =>
  reviews('mutate', 'skip', reason).replace(/\}$/, `,would="${would}",would_reason="${wouldReason}"}`);
const condition = (name: string, status = 'False') =>
  `outrider_policy_conditions{condition="${name}",status="${status}"}`;
const pods = (policy: string, prefer: string, state: string) =>
  `outrider_coverage_pods{policy="${policy}",prefer="${prefer}",state="${state}"}`;
const takenBack = (policy: string, state: string) =>
  `outrider_taken_back_workloads{policy="${policy}",state="${state}"}`;
const writes = 'outrider_webhook_configuration_writes_total{configuration="mutating",cause="change",result="failure"}';
const refused = 'outrider_certificate_reloads_total{result="failure"}';
const rejected = 'outrider_rejected_requests_total{cause="internal"}';
const skew = 'outrider_clock_skew_seconds';
const expiry = 'outrider_certificate_expiry_timestamp_seconds';
const stale = 'outrider_watch_staleness_seconds{kind="policies"}';
const loaded = 'outrider_configuration_last_reload_successful';

/** What is left of a replica that does not answer: `up`, and the series until they are stale. */
const silent = (from: number): Scraped =>
  Object.fromEntries(
    Object.keys(healthy[1] ?? {}).map((series) => [series, series === 'up' ? then(`1x${from}`, '0x200') : `0x${from}`]),
  );

/** Leaders that come and go: each holds the lease for `held` scrapes. */
const inTurn = (held: number, first: boolean, value = 1) =>
  Array.from({ length: 12 }, (_, turn) => `${(turn % 2 === 0) === first ? value : 0}x${held - 1}`).join(' ');

/** For every alert a scene in which it fires, and one close by in which it does not. */
export const scenes: readonly Scene[] = [
  scene('all is well', '100m', healthy),

  scene('no target is left', '6m', [], 'OutriderDown critical'),
  scene('no target is found for a moment', '4m', []),
  scene('every replica is silent', '20m', [silent(20), silent(20)], 'OutriderDown critical'),
  scene(
    'every replica is silent for long',
    '40m',
    [silent(20), silent(20)],
    'OutriderDown critical',
    'OutriderReplicaDown warning',
    'OutriderReplicaDown warning',
  ),
  scene('one replica is silent', '40m', [healthy[0] ?? {}, silent(20)], 'OutriderReplicaDown warning'),
  scene('one replica is silent for a moment', '20m', [healthy[0] ?? {}, silent(20)]),

  scene(
    'the API server reaches nobody',
    '20m',
    changed({ outrider_webhook_reachable: then('1x10', '0x200') }),
    'OutriderUnreachable critical',
  ),
  scene(
    'the API server reached nobody for two minutes',
    '7m',
    changed({ outrider_webhook_reachable: then('1x10', '0x3', '1x200') }),
  ),
  scene(
    'leaders come and go, and the API server reaches none',
    '40m',
    changed(
      { outrider_leader: inTurn(8, true), outrider_webhook_reachable: always(0) },
      { outrider_leader: inTurn(8, false), outrider_webhook_reachable: always(0) },
    ),
    'OutriderLeaderFlaps warning',
    'OutriderUnreachable critical',
  ),
  scene(
    'leaders come and go',
    '40m',
    changed(
      { outrider_leader: inTurn(8, true), outrider_webhook_reachable: always(1) },
      { outrider_leader: inTurn(8, false), outrider_webhook_reachable: always(1) },
    ),
    'OutriderLeaderFlaps warning',
  ),
  scene(
    'leadership goes once to the other, whose gauge then counts',
    '40m',
    changed(
      { outrider_leader: then('1x40', '0x200') },
      { outrider_leader: then('0x40', '1x200'), outrider_webhook_reachable: then('0x40', '1x200') },
    ),
  ),
  scene('nobody leads', '20m', changed({ outrider_leader: then('1x20', '0x200') }), 'OutriderNoLeader warning'),
  scene('nobody leads for a moment', '14m', changed({ outrider_leader: then('1x20', '0x5', '1x200') })),

  scene('a clock is wrong', '10m', changed({}, { [skew]: always(-400) }), 'OutriderClockSkew warning'),
  scene('a clock is a little wrong', '10m', changed({}, { [skew]: always(250) })),

  scene(
    'a certificate ends in five days',
    '20m',
    changed({}, { [expiry]: always(5 * 86_400) }),
    'OutriderCertificateExpires warning',
  ),
  scene('a certificate ends in eight days', '20m', changed({}, { [expiry]: always(8 * 86_400) })),
  scene(
    'a certificate has ended',
    '20m',
    changed({}, { [expiry]: always(300) }),
    'OutriderCertificateExpires critical',
    'OutriderCertificateExpires warning',
  ),
  scene(
    'a certificate cannot be served',
    '30m',
    changed({ [refused]: then('0x20', '1x200') }),
    'OutriderCertificateRefused warning',
  ),
  scene('a certificate could not be served hours ago', '100m', changed({ [refused]: then('0x20', '1x200') })),

  scene(
    'a configuration cannot be loaded',
    '20m',
    changed({ [loaded]: then('1x20', '0x200') }),
    'OutriderReloadFailed warning',
  ),
  scene('a configuration was loaded at the second try', '14m', changed({ [loaded]: then('1x20', '0x6', '1x200') })),
  scene('a watch is silent', '10m', changed({ [stale]: always(1000) }), 'OutriderWatchStale warning'),
  scene('a watch is quiet', '10m', changed({ [stale]: always(600) })),
  scene(
    'the configurations cannot be written',
    '40m',
    changed({ [writes]: growing(1) }),
    'OutriderRegistrationFails warning',
  ),
  scene('the configurations could not be written once', '40m', changed({ [writes]: then('0x10', '1x200') })),

  scene('a policy is not ready', '20m', changed({ [condition('Ready')]: always(1) }), 'OutriderPolicyNotReady warning'),
  scene(
    'a replica that no longer leads says that a policy was not ready',
    '20m',
    changed({}, { [condition('Ready')]: always(1) }),
  ),
  scene(
    'a policy is not in force',
    '20m',
    changed({ [condition('InForce')]: always(1) }),
    'OutriderNotInForce critical',
  ),
  scene(
    'a policy is not in force, whoever leads',
    '20m',
    changed(
      { [condition('InForce')]: always(1), outrider_leader: then('1x20', '0x200') },
      {
        [condition('InForce')]: always(1),
        outrider_leader: then('0x20', '1x200'),
        outrider_webhook_reachable: always(1),
      },
    ),
    'OutriderNotInForce critical',
  ),
  scene('a policy comes into force', '20m', changed({ [condition('InForce')]: then('1x10', '0x200') })),
  scene(
    'a policy is not in force while paused',
    '20m',
    changed({ [condition('InForce')]: always(1), outrider_paused: always(1) }),
  ),
  scene(
    'defaults are not known',
    '20m',
    changed({ [condition('UnknownDefaults', 'True')]: always(1) }),
    'OutriderUnknownDefaults warning',
  ),
  scene('defaults are known', '20m', changed({ [condition('UnknownDefaults', 'True')]: always(0) })),

  scene(
    'most pods are denied',
    '40m',
    changed(
      { [reviews('validate', 'deny', 'parts_missing')]: growing(2) },
      { [reviews('validate', 'deny', 'parts_missing')]: growing(2) },
    ),
    'OutriderDeniesMany critical policy=payments',
  ),
  scene(
    'a burst of denials is all there is of a series',
    '47m',
    changed({ [reviews('validate', 'deny', 'parts_missing')]: then('_x80', '200x120') }),
    'OutriderDeniesMany critical policy=payments',
  ),
  scene(
    'a replica that has just started denies',
    '12m',
    changed(
      {},
      {
        ...Object.fromEntries(
          Object.keys(healthy[1] ?? {}).map((series) => [series, then('_x10', (healthy[1] ?? {})[series] ?? '')]),
        ),
        process_start_time_seconds: always(200),
        [reviews('validate', 'deny', 'parts_missing')]: then('_x10', '90x200'),
      },
    ),
    'OutriderDeniesMany critical policy=payments',
  ),
  scene(
    'Prometheus was away, and old denials look new',
    '70m',
    healthy.map((replica) => ({
      ...Object.fromEntries(Object.entries(replica).map(([series, values]) => [series, then('_x110', values)])),
      [reviews('validate', 'deny', 'parts_missing')]: then('_x110', '500x120'),
    })),
  ),
  scene(
    'one workload is denied again and again',
    '40m',
    changed(
      {
        [reviews('validate', 'deny', 'parts_missing')]: growing(0.6),
        [reviews('validate', 'inject', 'injected')]: always(5),
      },
      { [reviews('validate', 'inject', 'injected')]: always(5) },
    ),
  ),
  scene(
    'many are denied of very many',
    '40m',
    changed({
      [reviews('validate', 'deny', 'tampered')]: growing(3),
      [reviews('validate', 'inject', 'injected')]: growing(50),
    }),
  ),

  scene(
    'most pods are left out',
    '40m',
    changed({ [reviews('mutate', 'skip', 'credentials_missing')]: growing(4) }),
    'OutriderSkipsMany warning policy=payments reason=credentials_missing',
  ),
  scene(
    'most pods get a part only',
    '40m',
    changed({ [reviews('mutate', 'partial', 'image_unresolved')]: growing(4) }),
    'OutriderSkipsMany warning policy=payments reason=image_unresolved',
  ),
  scene(
    'most pods are left out as somebody wants it',
    '40m',
    changed({
      [reported('report_mode', 'deny', 'host_network')]: growing(40),
      [reported('inject_label_invalid', 'skip', 'inject_label_invalid')]: growing(40),
      [reviews('mutate', 'skip', 'pod_opted_out')]: growing(40),
    }),
  ),
  scene('some pods are left out', '40m', changed({ [reviews('mutate', 'skip', 'host_network')]: growing(1.5) })),

  scene(
    'pods are missed under Security',
    '10m',
    changed({ [pods('payments', 'Security', 'missed')]: always(1) }),
    'OutriderMissedPods critical policy=payments prefer=Security',
  ),
  scene(
    'pods are forged under Availability',
    '10m',
    changed({ [pods('default', 'Availability', 'forged')]: always(1) }),
    'OutriderMissedPods critical policy=default prefer=Availability',
  ),
  scene(
    'pods are missed under Availability',
    '40m',
    changed({ [pods('default', 'Availability', 'missed')]: always(1) }),
    'OutriderMissedPods warning policy=default prefer=Availability',
  ),
  scene(
    'pods are missed under Availability for a moment',
    '20m',
    changed({ [pods('default', 'Availability', 'missed')]: always(1) }),
  ),
  scene(
    'nobody looks at running pods',
    '20m',
    changed({ outrider_coverage_age_seconds: always(4000) }),
    'OutriderAuditStale warning',
  ),
  scene('running pods were looked at', '20m', changed({ outrider_coverage_age_seconds: always(1500) })),

  scene(
    'workloads are taken back',
    '20m',
    changed({ [takenBack('default', 'left_alone')]: always(3), [takenBack('default', 'trying')]: always(1) }),
    'OutriderTakenBack warning policy=default',
  ),
  scene(
    'workloads were taken back for a moment',
    '20m',
    changed({ [takenBack('default', 'left_alone')]: then('0x10', '3x8', '0x200') }),
  ),
  scene(
    'a policy insists on parts that keep pods from running',
    '20m',
    changed({ [takenBack('payments', 'insisted')]: always(1) }),
    'OutriderTakenBack critical policy=payments',
  ),
  scene(
    'more workloads than are kept have parts that keep pods from running',
    '20m',
    changed({ [takenBack('default', 'beyond')]: always(7) }),
    'OutriderTakenBack critical policy=default',
  ),
  scene('reviews are refused', '40m', changed({ [rejected]: growing(1) }), 'OutriderRejects warning cause=internal'),
  scene('reviews were refused', '40m', changed({ [rejected]: then('0x10', '9x200') })),
];

/** A day and more: scraped each five minutes. */
export const longScenes: readonly Scene[] = [
  scene('paused for a day', '26h', changed({ outrider_paused: always(1) }), 'OutriderPaused warning'),
  scene('paused for some hours', '20h', changed({ outrider_paused: always(1) })),
];
