import t from 'tap';
import { known } from '../../../src/cluster/overview/part.js';
import { readClockSkew } from '../../../src/cluster/overview/clock-skew.js';
import { addCounts, readReviewCounts } from '../../../src/cluster/overview/review-counts.js';
import type { Snapshot } from '../../../src/cluster/overview/snapshot.js';
import { statusOf } from '../../../src/cli/status/status-of.js';
import { reportText } from '../../../src/cli/status/text.js';
import { styleOf } from '../../../src/cli/text/style.js';
import { durationText } from '../../../src/cli/text/phrases.js';
import { asJson, objectOf } from '../../../src/model/json.js';
import { takenBackKey, type TakenBackEntry } from '../../../src/model/taken-back.js';
import { observedText, readObserved } from '../../../src/model/observed.js';
import {
  absent,
  ago,
  forbidden,
  labelled,
  lease,
  now,
  observed,
  payments,
  policy,
  replica,
  snapshot,
} from '../snapshots.js';
import { entryOf } from '../../support/taken-back-entry.js';

const how = { excluded: ['kube-system'], programName: 'outrider' };

function textOf(of: Snapshot): string {
  return reportText(statusOf(of, how), styleOf(false));
}

t.test('an installation that is well', (t) => {
  const report = statusOf(snapshot(), how);
  t.equal(report.health, 'healthy');
  t.same(report.findings, []);
  t.equal(
    reportText(report, styleOf(false)),
    `outrider-system/outrider  HEALTHY
  Outrider 0.1.0, Kubernetes v1.36.3, https://api.example:6443
  ✓ replicas     2 of 2 ready
  ✓ leader       outrider-0, for 3 d 3 h
  ✓ API server   reaches the webhook in 12 ms, 20 s ago
  ✓ certificate  until 2027-01-21T12:00Z, 60 d left, for outrider.outrider-system.svc, by outrider authority
  ✓ webhooks     3 mutating, 2 validating

  POLICY    MODE    PREFERS       PROFILE  PRECEDENCE  READY  NAMESPACES  REVIEWS
  payments  Inject  security      sysdig   100         yes    1           4 deny
  default   Inject  availability  sysdig   0           yes    1           24 inject, 6 skip
  reviews of 2 of 2 replicas, since each started
`,
  );
  t.end();
});

t.test('the share that the API server instruments by itself is said where it does', (t) => {
  const row = (coverage?: object): string => {
    const condition = { type: 'ApiServerInjects', status: 'True', reason: 'ApiServerInjects', message: 'It does.' };
    const one = policy('default', labelled, [condition]);
    const status = { ...objectOf(one['status']), ...(coverage === undefined ? {} : { coverage: asJson(coverage) }) };
    const text = textOf(snapshot({ policies: known([{ ...one, status }]) }));
    return text.split('\n').find((line) => line.includes('by itself')) ?? '';
  };
  t.match(row(), /for 1 of 1 policy$/, 'nothing is said of pods that nobody looked at');
  const coverage = {
    observedAt: '2026-11-29T08:00:00Z',
    pods: 9,
    readWhole: 9,
    namespaces: 1,
    instrumented: 8,
    partial: 0,
    stale: 0,
    excused: 1,
    missed: 0,
    unproven: 0,
    forged: 0,
    workloads: [],
  };
  t.match(row(coverage), /; without the webhook, 0 of their 9 running pods, as labels say$/);
  t.match(row({ ...coverage, byApiServer: 6 }), /; without the webhook, 6 of their 9 running pods, as labels say$/);
  t.end();
});

t.test('what runs needs attention by the rules of the alerts', (t) => {
  const covered = (reason: string, prefer: string, secondsAgo: number, status = 'False') => {
    const ready = { type: 'Ready', status: 'True', reason: 'Served', message: 'It is served.' };
    const condition = { type: 'Covered', status, reason, message: '9 pods.', lastTransitionTime: ago(secondsAgo) };
    const one = policy('default', { ...labelled, prefer }, [ready, condition]);
    const { findings } = statusOf(snapshot({ policies: known([one]) }), how);
    return findings.find(({ detail }) => detail.startsWith('what runs'));
  };
  t.match(covered('PodsMissed', 'Security', 1), { severity: 'problem', next: ['outrider coverage -A'] });
  t.match(covered('PodsMissed', 'Availability', 60), { severity: 'note' });
  t.match(covered('PodsMissed', 'Availability', 30 * 60), { severity: 'problem' });
  t.match(covered('PodsForged', 'Availability', 1), { severity: 'problem' });
  t.match(covered('PodsUnproven', 'Security', 3_600, 'Unknown'), { severity: 'note', next: ['outrider coverage -A'] });
  t.match(covered('Pending', 'Security', 3_600, 'Unknown'), { severity: 'note', next: [] });
  t.equal(covered('AllCovered', 'Security', 1, 'True'), undefined);
  t.equal(covered('Off', 'Security', 1, 'Unknown'), undefined);
  t.end();
});

t.test('workloads that were taken back need attention, and so do entries of somebody else', (t) => {
  const withEntries = (invalid: readonly string[], ...entries: readonly TakenBackEntry[]) =>
    snapshot({
      takenBack: known({
        entries: new Map(entries.map((entry) => [takenBackKey(entry), entry])),
        retries: new Set<string>(),
        invalid,
      }),
    });
  const two = withEntries([], entryOf(), entryOf({ name: 'api', stage: 'Trying' }));
  t.match(statusOf(two, how), {
    health: 'attention',
    takenBack: { known: true, value: { workloads: 2, trying: 1, invalid: 0 } },
    findings: [{ about: 'taken back', severity: 'problem', next: ['outrider coverage -A'] }],
  });
  t.match(textOf(two), '✗ taken back   2 workloads are left alone, one of them being tried again\n');
  t.match(
    textOf(two),
    '✗ taken back: 2 workloads run uninstrumented, because parts of ours kept their pods from running\n',
  );
  const forged = withEntries(['a', 'b']);
  t.match(textOf(forged), 'none is left alone; 2 entries of somebody else’s are ignored\n');
  t.match(textOf(forged), 'ConfigMap outrider-system/outrider-taken-back has 2 entries that Outrider did not write');
  t.same(statusOf(snapshot({ takenBack: absent }), how).findings, [], 'nothing was ever taken back');
  t.end();
});

t.test('U8: of an installation that is elsewhere, nothing is said as if it were here', (t) => {
  const service = { service: { name: 'outrider', namespace: 'outrider-system' } };
  const webhooks = known({ webhooks: [{ clientConfig: service }] });
  const wrong = { ownNamespace: 'shop', deployments: known([]), pods: known([]), lease: absent };
  t.equal(
    textOf(snapshot({ ...wrong, mutating: webhooks, validating: webhooks })),
    `shop/outrider  NEEDS ATTENTION
  Kubernetes v1.36.3, https://api.example:6443

✗ installation: there is no installation outrider in namespace shop: its webhooks call a Service in namespace outrider-system
    outrider status -n outrider-system
`,
  );
  const left = textOf(snapshot({ deployments: known([]), pods: known([]), lease: absent, mutating: webhooks }));
  t.match(
    left,
    '✗ replicas: there is no Deployment of outrider in namespace outrider-system\n    helm status outrider',
  );
  t.notMatch(left, 'kubectl scale', 'the webhooks are here: it is half gone');
  const scaled = textOf(snapshot({ deployments: known([{ spec: { replicas: 0 } }]), pods: known([]) }));
  t.match(
    scaled,
    'the Deployment asks for none\n    kubectl -n outrider-system scale deployment/outrider --replicas=2',
  );
  t.end();
});

t.test('F25: what the port asks for is said, and why it asks for nothing', (t) => {
  const asking = (port: object) =>
    snapshot({ lease: known(lease(JSON.stringify({ ...readObserved(observed), port }))) });
  t.match(textOf(asking({ proof: 'token' })), /✓ port +asks for the API server’s token\n/);
  t.match(textOf(asking({ proof: 'certificate' })), /✓ port +asks for the API server’s certificate\n/);
  const open = asking({ proof: 'none', why: 'a replica that knows no tokens is there' });
  t.match(textOf(open), /! port +asks for no proof\n/);
  t.match(textOf(open), /! port: answers whoever reaches it .*: a replica that knows no tokens is there/);
  t.equal(statusOf(open, how).health, 'healthy');
  t.end();
});

t.test('many things wrong at once: the worst first, each with what to do', (t) => {
  const failed = (type: string, message: string) => ({ type, status: 'False', reason: 'Missing', message });
  const text = textOf(
    snapshot({
      pods: known([replica('outrider-0', true), replica('outrider-1', false)]),
      lease: known(
        lease(
          observedText({
            selfTest: { reachable: false, latencyMs: 10_004, at: ago(200), why: 'context deadline exceeded' },
            certificate: { notBefore: ago(90 * 86_400), notAfter: ago(-86_400), names: ['a'], authority: 'b' },
          }),
          400,
        ),
      ),
      mutating: absent,
      validating: absent,
      policies: known([
        policy('default', { ...labelled, credentials: { secretRef: { name: 'key', key: 'k' } } }),
        policy('payments', payments, [failed('Ready', 'No replica could look it up.')]),
        policy('region', { profile: { name: 'sysdig', settings: {} } }, [], { observed: 2, served: 1 }),
        policy('fresh', { precedence: -1, mode: 'Off' }, []),
      ]),
      namespaces: known(
        new Map([
          ['shop', { 'outrider.dev/inject': 'enabled' }],
          ['cash', { team: 'payments' }],
          ['odd', { 'outrider.dev/inject': 'true' }],
          ['kube-system', { 'outrider.dev/inject': 'enabled' }],
        ]),
      ),
      secrets: new Map([
        ['sysdig-agent', known(new Set(['cash']))],
        ['key', known(new Set<string>())],
      ]),
      reviews: new Map([['outrider-0', forbidden]]),
    }),
  );
  t.equal(
    text,
    `outrider-system/outrider  NEEDS ATTENTION
  Kubernetes v1.36.3, https://api.example:6443
  ✗ replicas     1 of 2 ready, 7 restarts
  ✗ leader       outrider-0, gone
  ✗ API server   does not reach the webhook, 3 min ago: context deadline exceeded
  ✗ certificate  until 2026-11-23T12:00Z, 1 d left, for a, by b
  ✗ webhooks     none

  POLICY    MODE    PREFERS       PROFILE  PRECEDENCE  READY      NAMESPACES  REVIEWS
  payments  Inject  security      sysdig   100         no         1           ?
  default   Inject  availability  sysdig   0           yes        1           ?
  region    Inject  availability  sysdig   0           not valid  ?           ?
  fresh     Off     availability  sysdig   -1          unknown    0           ?
  reviews unknown: forbidden to you

✗ replicas: 1 of 2 are ready
    kubectl -n outrider-system get pods -l app.kubernetes.io/name=outrider,app.kubernetes.io/instance=outrider
    kubectl -n outrider-system logs -l app.kubernetes.io/name=outrider,app.kubernetes.io/instance=outrider --tail=50 --prefix
✗ leader: outrider-0 gave no sign of life for 6 min: webhook configurations, certificates and statuses are not kept
    kubectl -n outrider-system get lease outrider -o yaml
    docs/operations.md#no-leader
✗ API server: does not reach the webhook: context deadline exceeded; nothing is injected
    docs/operations.md#the-api-server-does-not-reach-the-webhook
✗ certificate: ends in 1 d and was not renewed
    kubectl -n outrider-system describe secret outrider-certificate
    docs/operations.md#certificates
✗ webhooks: there is no MutatingWebhookConfiguration outrider: pods are created as they are
    kubectl -n outrider-system logs deployment/outrider --tail=100
✗ policy payments: is not ready: No replica could look it up.
    kubectl describe instrumentationpolicy payments
✗ policy default: Secret key is missing in shop
    kubectl -n shop create secret generic key --from-literal=k=YOUR_ACCESS_KEY
✗ policy region: is not valid; its last valid version goes on: policy region: spec.profile.settings.region is missing, and profile sysdig needs it or spec.profile.settings.collector: give one of us1, us2, us3, us4, eu1, eu2, au1, in1, me2, jp1, jp1-alt, ibm-au-syd, ibm-private-au-syd, ibm-br-sao, ibm-private-br-sao, ibm-ca-mon, ibm-private-ca-mon, ibm-ca-tor, ibm-private-ca-tor, ibm-eu-de, ibm-private-eu-de, ibm-eu-gb, ibm-private-eu-gb, ibm-in-che, ibm-private-in-che, ibm-in-mum, ibm-private-in-mum, ibm-jp-osa, ibm-private-jp-osa, ibm-jp-tok, ibm-private-jp-tok, ibm-us-east, ibm-private-us-east, ibm-us-south, ibm-private-us-south.
    kubectl describe instrumentationpolicy region
✗ policy fresh: no leader has looked at it yet
    kubectl describe instrumentationpolicy fresh
✗ webhooks: there is no ValidatingWebhookConfiguration outrider, so payments cannot deny
    kubectl -n outrider-system logs deployment/outrider --tail=100
✗ namespaces: odd is labelled outrider.dev/inject=true, which is neither enabled nor disabled
    kubectl label namespace odd --overwrite outrider.dev/inject=enabled
! namespaces: kube-system is labelled outrider.dev/inject=enabled, and never touched
`,
  );
  t.end();
});

/** A webhook configuration as `outrider pause` leaves it, or with as many entries. */
function pausedUntil(until: string, entries = 0) {
  const mark = JSON.stringify({ since: ago(60), until, by: 'jane', reason: 'upgrade' });
  return known({ metadata: { annotations: { 'outrider.dev/paused': mark } }, webhooks: Array(entries).fill({}) });
}

t.test('F31: paused: that is what needs attention, with who, since when and why, and nothing twice', (t) => {
  const paused = snapshot({ mutating: pausedUntil(ago(-1800)), validating: pausedUntil(ago(-1800)) });
  const report = statusOf(paused, how);
  t.equal(report.health, 'attention');
  const words = `until 2026-11-22T12:30:00Z, since ${ago(60)}, by jane as its marker says (upgrade)`;
  t.same(report.findings, [
    {
      about: 'pause',
      severity: 'problem',
      detail: `paused ${words}: pods are created as they are`,
      next: ['outrider resume'],
    },
  ]);
  t.match(report.pause, {
    value: { paused: true, since: ago(60), by: 'jane', reason: 'upgrade', marker: 'configurations' },
  });
  t.ok(textOf(paused).includes(words));
  const half = snapshot({ mutating: pausedUntil('forever', 2), validating: pausedUntil('forever') });
  t.match(statusOf(half, how).findings, [{ detail: /nothing is repaired, and 2 webhooks are still there/ }]);
  const over = snapshot({ mutating: pausedUntil(ago(1), 3), validating: pausedUntil(ago(1), 2) });
  t.equal(statusOf(over, how).health, 'healthy', 'a pause that is over is none');
  const empty = snapshot({ mutating: known({ webhooks: [] }), validating: known({ webhooks: [] }) });
  t.match(statusOf(empty, how).findings[0], { about: 'webhooks', detail: /^there is no webhook in the Mutating/ });
  t.end();
});

t.test('F31: the marker of an earlier version', (t) => {
  const older = { 'outrider.dev/paused-until': 'forever', 'outrider.dev/pause-reason': 'upgrade' };
  const configMap = known({ metadata: { annotations: older } });
  const paused = statusOf(snapshot({ configMap, mutating: absent, validating: absent }), how);
  t.match(paused.findings, [
    {
      detail:
        /^paused until it is resumed \(upgrade\): .*; by the marker of an earlier version, which outrider pause renews$/,
    },
  ]);
  const ignored = statusOf(snapshot({ configMap }), how);
  t.equal(ignored.health, 'healthy', 'who edits the ConfigMap pauses nothing');
  t.match(ignored.findings, [{ about: 'pause', severity: 'note', detail: /which pauses nothing$/ }]);
  t.equal(statusOf(snapshot({ configMap: forbidden, mutating: absent, validating: absent }), how).pause.known, false);
  t.end();
});

t.test('partial rights: what may be read is shown, the rest is unknown, and so is health', (t) => {
  const little = snapshot({
    version: '',
    deployments: forbidden,
    pods: forbidden,
    lease: forbidden,
    configMap: forbidden,
    takenBack: forbidden,
    mutating: forbidden,
    validating: forbidden,
    namespaces: forbidden,
    secrets: new Map([['sysdig-agent', forbidden]]),
    reviews: new Map(),
  });
  const report = statusOf(little, how);
  t.equal(report.health, 'unknown');
  t.equal(
    reportText(report, styleOf(false)),
    `outrider-system/outrider  CANNOT TELL
  https://api.example:6443
  · replicas     unknown: forbidden to you
  · leader       unknown: forbidden to you
  · API server   unknown: forbidden to you
  · certificate  unknown: forbidden to you
  · webhooks     unknown: forbidden to you
  · taken back   unknown: forbidden to you
  · pause        unknown: forbidden to you
  · namespaces   unknown: forbidden to you

  POLICY    MODE    PREFERS       PROFILE  PRECEDENCE  READY  NAMESPACES  REVIEWS
  payments  Inject  security      sysdig   100         yes    ?           ?
  default   Inject  availability  sysdig   0           yes    ?           ?

? unknown: replicas, leader, pause, webhooks, taken back, namespaces: forbidden to you
    docs/operations.md#what-status-reads
`,
  );
  const nothing = statusOf({ ...little, policies: forbidden, compiled: forbidden }, how);
  t.equal(nothing.health, 'unknown');
  t.match(reportText(nothing, styleOf(false)), /· policies +unknown: forbidden to you\n/);
  t.end();
});

t.test('nothing installed, kinds missing, no policy', (t) => {
  const none = snapshot({
    deployments: known([]),
    pods: known([]),
    lease: absent,
    configMap: absent,
    mutating: absent,
    validating: absent,
    policies: absent,
    reviews: new Map(),
  });
  const report = statusOf(none, how);
  t.equal(report.health, 'attention');
  t.same(
    report.findings.map(({ about }) => about),
    ['installation'],
    'nothing else is said of what is not there',
  );
  t.match(textOf(none), 'there is no installation outrider in namespace outrider-system');
  const kinds = statusOf(snapshot({ policies: absent }), how);
  t.match(kinds.findings, [{ about: 'policies', next: ['outrider crds | kubectl apply --server-side -f -'] }]);
  const empty = statusOf(snapshot({ policies: known([]) }), how);
  t.match(empty.findings[0], { about: 'policies', detail: 'there is none, so nothing is injected' });
  t.match(empty.findings[1], {
    about: 'namespaces',
    detail: /^shop is labelled outrider.dev\/inject=enabled, and no policy/,
  });
  t.end();
});

t.test('policies: what the leader says, and what is seen without it', (t) => {
  const findingsOf = (...conditions: Parameters<typeof policy>) =>
    statusOf(snapshot({ policies: known([policy(...conditions)]) }), how).findings;
  const condition = (type: string, status: string) => ({ type, status, reason: 'X', message: `${type} says` });
  const ready = condition('Ready', 'True');
  t.match(findingsOf('one', labelled, [], { observed: 1 }), [{ detail: 'no leader has looked at it yet' }]);
  t.match(findingsOf('one', labelled, [ready], { observed: 1 }), [{ severity: 'note', detail: /was changed since/ }]);
  t.match(findingsOf('one', labelled, [ready, condition('WebhookConfigured', 'False')]), [
    { severity: 'problem', detail: 'WebhookConfigured: WebhookConfigured says' },
  ]);
  const notInForce = (reason: string) => ({ ...condition('InForce', 'False'), reason });
  t.match(findingsOf('one', labelled, [ready, notInForce('NotProven')]), [
    { severity: 'problem', detail: 'InForce: InForce says' },
  ]);
  for (const reason of ['Proving', 'OlderReplicas']) {
    t.match(findingsOf('one', labelled, [ready, notInForce(reason)]), [{ severity: 'note' }]);
  }
  const takenBack = (reason: string) => ({ ...condition('TakenBack', 'False'), reason });
  for (const reason of ['PartsFail', 'TakenBackFull']) {
    t.match(findingsOf('one', labelled, [ready, takenBack(reason)]), [
      { severity: 'problem', detail: 'TakenBack says' },
    ]);
  }
  t.same(findingsOf('one', labelled, [ready, takenBack('NothingTakenBack')]), findingsOf('one', labelled, [ready]));
  for (const type of ['Overlapping', 'BlocksRecovery', 'Weak']) {
    t.match(findingsOf('one', labelled, [ready, condition(type, 'True')]), [
      { severity: 'note', detail: `${type} says`, next: ['kubectl describe instrumentationpolicy one'] },
    ]);
  }
  t.match(findingsOf('one', labelled, [ready, condition('UnknownDefaults', 'True')]), [
    { severity: 'problem', detail: 'UnknownDefaults: UnknownDefaults says' },
  ]);
  for (const status of ['False', 'Unknown']) {
    t.same(
      findingsOf('one', labelled, [ready, condition('UnknownDefaults', status)]),
      findingsOf('one', labelled, [ready]),
    );
  }
  t.match(findingsOf('one', labelled, [condition('Ready', 'False')]), [{ detail: 'is not ready: Ready says' }]);
  const mirrored = { ...labelled, credentials: { mirror: true } };
  t.match(findingsOf('one', mirrored), [
    {
      detail: 'Secret sysdig-agent is missing in outrider-system',
      next: ['kubectl -n outrider-system create secret generic sysdig-agent --from-literal=access-key=YOUR_ACCESS_KEY'],
    },
  ]);
  const kept = policy('one', { ...labelled, canary: { percent: 10, previous: { profile: { name: 'datadog' } } } });
  const without = new Map([['datadog-agent', known(new Set<string>())]]);
  t.match(
    statusOf(snapshot({ policies: known([kept]), secrets: without }), how).findings,
    [{ about: 'policy one', detail: 'Secret datadog-agent is missing in shop' }],
    'what a canary keeps needs its own',
  );
  const many = new Map(Array.from({ length: 7 }, (_, index) => [`n${index}`, { 'outrider.dev/inject': 'enabled' }]));
  const [missing] = statusOf(
    snapshot({ namespaces: known(many), policies: known([policy('one', labelled)]) }),
    how,
  ).findings;
  t.equal(missing?.detail, 'Secret sysdig-agent is missing in n0, n1, n2, n3, n4 and 2 more');
  t.equal(missing?.next.length, 5);
  t.end();
});

t.test('the leader: gone of its own accord, or never there', (t) => {
  const given = statusOf(snapshot({ lease: known({ spec: { holderIdentity: '' } }) }), how);
  t.match(given.findings, [{ about: 'leader', severity: 'problem', detail: /^there is none: / }]);
  const young = statusOf(snapshot({ lease: known(lease(undefined)) }), how);
  t.equal(young.health, 'healthy', 'a leader that has not written anything yet is no trouble');
  t.match(textOf(snapshot({ lease: known(lease(undefined)) })), /· API server +none/);
  const untold = observedText({ selfTest: { latencyMs: 5, at: ago(5), why: 'quota exceeded' } });
  t.equal(statusOf(snapshot({ lease: known(lease(untold)) }), how).health, 'unknown');
  t.match(textOf(snapshot({ lease: known(lease(untold)) })), /API server +nobody can tell, 5 s ago: quota exceeded\n/);
  t.end();
});

t.test(
  'F27: a replica whose clock is far from the API server’s is a problem, and one that does not tell is none',
  (t) => {
    const clocks = new Map([
      ['outrider-0', 8 * 3_600],
      ['outrider-1', -299],
      ['outrider-2', -301],
    ]);
    const report = statusOf(snapshot({ clocks }), how);
    t.equal(report.health, 'attention');
    const text = reportText(report, styleOf(false));
    t.match(text, '  ✗ clocks       outrider-0 8 h ahead, outrider-2 5 min behind\n');
    t.match(
      text,
      '✗ clocks: too far from the API server’s: outrider-0 8 h ahead, outrider-2 5 min behind; such a replica does not lead and issues no certificate\n',
    );
    t.match(text, 'docs/operations.md#clocks');
    t.same(report.clocks[1], { replica: 'outrider-1', secondsAhead: -299 });
    t.equal(statusOf(snapshot({ clocks: new Map() }), how).health, 'healthy');
    const name = 'outrider_clock_skew_seconds';
    t.equal(readClockSkew(`# HELP ${name} x\n# TYPE ${name} gauge\n${name} -28800.25\n`), -28800.25);
    for (const other of ['', `${name} Nan`, `${name}_other 3`, `# ${name} 3`]) t.equal(readClockSkew(other), undefined);
    t.end();
  },
);

t.test('what the leader observed is read part by part', (t) => {
  t.same(readObserved(observed)?.versions, { outrider: '0.1.0', kubernetes: 'v1.36.3' });
  t.equal(readObserved('{"selfTest": {"reachable": "yes"}, "more": 1}')?.selfTest, undefined);
  t.same(readObserved(observed.replace('"reachable":true', '"reachable":1'))?.versions?.outrider, '0.1.0');
  for (const text of ['', '{', '[]', '"x"', 'null']) t.equal(readObserved(text), undefined, text);
  t.end();
});

t.test('counts of reviews are read out of metrics and added up', (t) => {
  const name = 'outrider_admission_reviews_total';
  const text = [
    `${name}{door="mutate",policy="a",decision="inject",reason="injected"} 3`,
    `${name}{door="mutate",policy="a",decision="inject",reason="other"} 1e2`,
    `${name}{door="validate",policy="a",decision="skip",reason="x"} 50`,
    `${name}{door="mutate",policy="",decision="skip",reason="no_policy"} 4`,
    `${name}{door="mutate",policy="a",decision="odd",reason="x"} 4`,
    `${name}_created{door="mutate",policy="a",decision="inject"} 9`,
    'nonsense',
  ].join('\n');
  const counts = readReviewCounts(text);
  t.same(
    [...counts],
    [
      ['a', { inject: 103, partial: 0, skip: 0, deny: 0 }],
      ['', { inject: 0, partial: 0, skip: 4, deny: 0 }],
    ],
  );
  t.equal(addCounts([counts, counts]).get('a')?.inject, 206);
  t.end();
});

t.test('times are said in their two largest units', (t) => {
  const said = [0, 59, 60, 3_599, 3_600, 5_400, 86_400, 270_000, -5].map(durationText);
  t.same(said, ['0 s', '59 s', '1 min', '59 min', '1 h', '1 h 30 min', '1 d', '3 d 3 h', '0 s']);
  t.equal(Date.parse(now), Date.parse(ago(0)));
  t.end();
});
