import t from 'tap';
import { refusalOf } from '../../../src/cluster/client/api-error.js';
import { meaningOf, type Meaning } from '../../../src/cluster/dry-run/refusal.js';

/** What the API server answers, as the client hands it on. */
function meaning(code: number, reason: string, message: string, details?: object): Meaning {
  return meaningOf(refusalOf('POST /api/v1/…', code, { kind: 'Status', code, reason, message, details }));
}

// Pod Security, a LimitRange’s maximum, a quota and what it asks for, a policy and a webhook: as an API server 1.36.3 answered in
// test/e2e/cluster/preflight.test.ts. The others are written after their formats in its sources.
t.test('Kubernetes’ own plug-ins, by the API server’s texts of 1.36.3', (t) => {
  const security =
    'violates PodSecurity "baseline:latest": non-default capabilities (container "app" must not include "SYS_PTRACE" in securityContext.capabilities.add)';
  t.strictSame(meaning(403, 'Forbidden', `pods "web-1" is forbidden: ${security}`), {
    kind: 'refused',
    refusal: { by: 'PodSecurity', name: 'baseline:latest', words: security },
  });
  for (const words of [
    'maximum memory usage per Container is 128Mi, but limit is 256Mi',
    '[minimum cpu usage per Container is 200m, but request is 100m, minimum memory usage per Container is 1Gi, but request is 256Mi]',
    'maximum cpu usage per Pod is 1.  No limit is specified',
    'cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000',
  ]) {
    t.strictSame(meaning(403, 'Forbidden', `pods "web-1" is forbidden: ${words}`), {
      kind: 'refused',
      refusal: { by: 'LimitRange', words },
    });
  }
  const exceeded =
    'exceeded quota: compute, requested: requests.memory=320Mi, used: requests.memory=960Mi, limited: requests.memory=1Gi';
  t.match(meaning(403, 'Forbidden', `pods "web-1" is forbidden: ${exceeded}`), {
    refusal: { by: 'ResourceQuota', name: 'compute', words: exceeded },
  });
  t.match(
    meaning(
      403,
      'Forbidden',
      'pods "web-1" is forbidden: failed quota: compute: must specify limits.cpu for: agent; limits.memory for: agent',
    ),
    { refusal: { by: 'ResourceQuota', name: 'compute' } },
  );
  t.match(
    meaning(
      403,
      'Forbidden',
      'pods "web-1" is forbidden: error looking up service account shop/web: serviceaccount "web" not found',
    ),
    { refusal: { by: 'ServiceAccount', name: 'shop/web' } },
  );
  t.match(meaning(403, 'Forbidden', 'pods "web-1" is forbidden: no PriorityClass with name gold was found'), {
    refusal: { by: 'Admission', words: 'no PriorityClass with name gold was found' },
  });
  t.end();
});

t.test('a ValidatingAdmissionPolicy, by name, in the words of its message', (t) => {
  const message =
    "pods \"web-1\" is forbidden: ValidatingAdmissionPolicy 'no-init' with binding 'no-init-shop' denied request: at most two init containers";
  t.strictSame(meaning(422, 'Invalid', message), {
    kind: 'refused',
    refusal: { by: 'ValidatingAdmissionPolicy', name: 'no-init', words: 'at most two init containers' },
  });
  t.end();
});

t.test('a pod that the API server’s schema refuses, with its fields', (t) => {
  const words = 'spec.containers[0].volumeMounts[0].name: Not found: "data"';
  const details = { causes: [{ reason: 'FieldValueNotFound', field: 'spec.containers[0].volumeMounts[0].name' }] };
  t.strictSame(meaning(422, 'Invalid', `Pod "web-1" is invalid: ${words}`, details), {
    kind: 'refused',
    refusal: { by: 'Schema', words, fields: ['spec.containers[0].volumeMounts[0].name'] },
  });
  t.end();
});

// OpenShift: https://github.com/WASdev/websphere-liberty-operator/issues/692, as written by
// openshift/apiserver-library-go at 0666a148, pkg/securitycontextconstraints/sccadmission/admission.go.
t.test('OpenShift’s security context constraints', (t) => {
  const words =
    'unable to validate against any security context constraint: [provider "anyuid": Forbidden: not usable by user or serviceaccount, provider restricted-v2: .containers[0].capabilities.add: Invalid value: "SYS_PTRACE": capability may not be added, provider "privileged": Forbidden: not usable by user or serviceaccount]';
  t.strictSame(meaning(403, 'Forbidden', `pods "web-7d57cf64-" is forbidden: ${words}`), {
    kind: 'refused',
    refusal: { by: 'SecurityContextConstraints', words },
  });
  t.end();
});

t.test('Kyverno', (t) => {
  // ClusterPolicies: kyverno/kyverno at 1585b53a, pkg/webhooks/utils/block.go; a text of it in
  // https://github.com/kubernetes/ingress-nginx/pull/9024.
  const words =
    "resource Pod/shop/web-1 was blocked due to the following policies \n\ndisallow-capabilities-strict:\n  require-drop-all: 'validation failure: Containers must drop `ALL` capabilities.'";
  t.strictSame(meaning(400, '', `admission webhook "validate.kyverno.svc-fail" denied the request: \n\n${words}\n`), {
    kind: 'refused',
    refusal: { by: 'Kyverno', name: 'validate.kyverno.svc-fail', words },
  });
  // ValidatingPolicies of Kyverno: FairwindsOps/insights-plugins, plugins/event-watcher.
  t.match(
    meaning(
      400,
      '',
      'admission webhook "vpol.validate.kyverno.svc-fail" denied the request: Policy check-labels failed: label \'environment\' is required',
    ),
    { refusal: { by: 'Kyverno', words: "Policy check-labels failed: label 'environment' is required" } },
  );
  t.match(meaning(400, '', 'admission webhook "kyverno.example.com" denied the request: no'), {
    refusal: { by: 'Webhook', name: 'kyverno.example.com' },
  });
  t.end();
});

// Gatekeeper: https://github.com/open-policy-agent/gatekeeper/issues/3337, as written by pkg/webhook/policy.go.
t.test('Gatekeeper', (t) => {
  const words =
    '[allow-privilege-escalation] Privilege escalation container is not allowed: airflow-webserver-container';
  t.strictSame(meaning(403, 'Forbidden', `admission webhook "validation.gatekeeper.sh" denied the request: ${words}`), {
    kind: 'refused',
    refusal: { by: 'Gatekeeper', name: 'validation.gatekeeper.sh', words },
  });
  t.end();
});

t.test('any webhook, whatever status it answers with', (t) => {
  for (const [code, reason] of [
    [400, ''],
    [403, 'Forbidden'],
    [404, 'NotFound'],
    [409, 'Conflict'],
    [429, 'TooManyRequests'],
    [500, 'InternalError'],
  ] as const) {
    t.match(
      meaning(code, reason, 'admission webhook "budget.example.com" denied the request: too dear'),
      { kind: 'refused', refusal: { by: 'Webhook', name: 'budget.example.com', words: 'too dear' } },
      String(code),
    );
  }
  t.match(meaning(400, '', 'admission webhook "budget.example.com" denied the request without explanation'), {
    refusal: { words: 'without explanation' },
  });
  t.end();
});

t.test('a webhook that must answer and does not is one that refuses, and its verdict is not known', (t) => {
  const message =
    'Internal error occurred: failed calling webhook "budget.example.com": failed to call webhook: Post "https://budget.ops.svc:443/?timeout=10s": dial tcp 10.0.0.7:443: connect: connection refused';
  t.match(meaning(500, 'InternalError', message), {
    kind: 'refused',
    refusal: { by: 'Webhook', name: 'budget.example.com', isOutage: true },
  });
  t.end();
});

t.test('what says nothing about the pod', (t) => {
  t.match(
    meaning(
      403,
      'Forbidden',
      'pods is forbidden: User "jane" cannot create resource "pods" in API group "" in the namespace "shop"',
    ),
    { kind: 'forbidden' },
  );
  t.match(meaning(401, 'Unauthorized', 'Unauthorized'), { kind: 'forbidden' });
  t.match(meaning(400, 'BadRequest', 'admission webhook "old.example.com" does not support dry run'), {
    kind: 'unknown',
  });
  t.match(meaning(404, 'NotFound', 'namespaces "shop" not found'), { kind: 'unknown' });
  t.match(meaning(409, 'AlreadyExists', 'pods "web-1" already exists'), { kind: 'unknown' });
  t.match(meaning(429, 'TooManyRequests', 'too many requests'), { kind: 'unknown' });
  t.match(meaning(503, 'ServiceUnavailable', 'apiserver is shutting down'), { kind: 'unknown' });
  t.match(meaning(504, 'Timeout', 'Timeout: request did not complete within requested timeout'), { kind: 'unknown' });
  t.end();
});

t.test('nobody passes for another by quoting it', (t) => {
  const webhook = 'admission webhook "evil.example.com" denied the request: ';
  for (const quoted of [
    'pods "web-1" is forbidden: violates PodSecurity "baseline:latest": x',
    'admission webhook "validation.gatekeeper.sh" denied the request: x',
    'pods is forbidden: User "jane" cannot create resource "pods" in API group "" in the namespace "shop"',
    'admission webhook "old.example.com" does not support dry run',
    'Internal error occurred: failed calling webhook "budget.example.com": x',
  ]) {
    t.match(meaning(403, 'Forbidden', webhook + quoted), {
      kind: 'refused',
      refusal: { by: 'Webhook', name: 'evil.example.com', words: quoted },
    });
  }
  t.match(
    meaning(
      422,
      'Invalid',
      `pods "web-1" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: violates PodSecurity "restricted:latest": x`,
    ),
    { refusal: { by: 'ValidatingAdmissionPolicy', name: 'p' } },
  );
  t.end();
});

t.test('endless words are cut', (t) => {
  const { kind, ...rest } = meaning(
    400,
    '',
    `admission webhook "a.example.com" denied the request: ${'x'.repeat(9_000)}`,
  );
  t.equal(kind, 'refused');
  t.ok(JSON.stringify(rest).length < 2_200);
  t.end();
});
