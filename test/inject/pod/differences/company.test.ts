import t from 'tap';
import { z } from 'zod';
import type { Engine } from '../../../../src/engine/engine.js';
import type { JsonObject } from '../../../../src/model/json.js';
import type { AllowedDifference } from '../../../../src/model/recipe.js';
import { applyCompany, readCompanies, type Company } from '../../../support/company.js';
import { decideNow, engineFor } from '../../../support/engine.js';
import { patched, textOf } from '../../../support/json.js';
import { podOf } from '../../../support/pods.js';

const companies = readCompanies();
const entriesSchema = z.array(z.strictObject({ path: z.string(), value: z.json() }));

/** What an operator has to list for company that adds more than the table lets be, with a native sidecar. */
const entries: Readonly<Record<string, readonly AllowedDifference[]>> = {
  'datadog-config-hostip': [
    { path: '/*/env/DD_AGENT_HOST', value: { valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } } },
    ...datadogIdentity(),
  ],
  'datadog-config-socket': [
    { path: '/*/volumeMounts/~1var~1run~1datadog', value: { name: 'datadog', readOnly: true } },
    { path: '/*/env/DD_TRACE_AGENT_URL', value: 'unix:///var/run/datadog/*' },
    { path: '/*/env/DD_DOGSTATSD_URL', value: 'unix:///var/run/datadog/*' },
    ...datadogIdentity(),
  ],
  'datadog-tags': ['DD_ENV', 'DD_SERVICE', 'DD_VERSION'].map((name) => ({ path: `/*/env/${name}`, value: '*' })),
  'datadog-libraries': [
    'DD_INSTRUMENTATION_INSTALL_TYPE',
    'DD_TRACE_ENABLED',
    'DD_LOGS_INJECTION',
    'DD_TRACE_HEALTH_METRICS_ENABLED',
    'DD_RUNTIME_METRICS_ENABLED',
  ].map((name) => ({ path: `/*/env/${name}`, value: '*' })),
  'gcp-federation-direct': [
    {
      path: '/*/volumeMounts/~1var~1run~1secrets~1workload-identity',
      value: { name: 'external-credential-config', readOnly: true },
    },
    { path: '/*/env/GOOGLE_APPLICATION_CREDENTIALS', value: '/var/run/secrets/workload-identity/federation.json' },
  ],
  'gcp-federation-gcloud': [
    { path: '/*/volumeMounts/~1var~1run~1secrets~1gcloud~1config', value: { name: 'gcloud-config' } },
    { path: '/*/env/GOOGLE_APPLICATION_CREDENTIALS', value: '/var/run/secrets/gcloud/config/federation.json' },
    { path: '/*/env/CLOUDSDK_CONFIG', value: '/var/run/secrets/gcloud/config' },
  ],
  vault: vaultSecrets(),
  'vault-init-first': vaultSecrets(),
};

function vaultSecrets(): readonly AllowedDifference[] {
  return [{ path: '/*/volumeMounts/~1vault~1secrets', value: { name: 'vault-secrets' } }];
}

function datadogIdentity(): readonly AllowedDifference[] {
  const uid = { valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } };
  return [
    { path: '/*/env/DD_ENTITY_ID', value: uid },
    { path: '/*/env/DD_INTERNAL_POD_UID', value: uid },
    { path: '/*/env/DD_EXTERNAL_ENV', value: 'it-*,cn-*,pu-$(DD_INTERNAL_POD_UID)' },
  ];
}

/** Company whose plain sidecar is given more than a native one: code in the agent's process, or a way to reach another. */
const plainOnly: Readonly<Record<string, string>> = {
  'datadog-libraries': 'LD_PRELOAD',
  dapr: 'DAPR_GRPC_PORT',
};

const policies: Readonly<Record<string, JsonObject>> = {
  'Security, Forbidden': { prefer: 'Security', optOut: 'Forbidden' },
  'Security, Allowed': { prefer: 'Security' },
  'Availability, Forbidden': { optOut: 'Forbidden' },
  'Availability, Allowed': {},
};

function isOpenShift(name: string): boolean {
  return name.startsWith('openshift');
}

/** Containers that company puts before ours, as root or as nobody knows whom: an operator names them (F7). */
const ownContainersOfCompany = ['azwi-*', 'datadog-*', 'gcloud-setup', 'istio-*', 'linkerd-*', 'vault-*'];

function engineWith(name: string, spec: JsonObject, ownPartsMayDiffer: readonly AllowedDifference[]): Engine {
  return engineFor(
    { containers: { include: ['web'], exclude: ownContainersOfCompany }, ...spec },
    { facts: { openShift: isOpenShift(name), ownPartsMayDiffer } },
  );
}

/** A pod that company treats before us and, as the API server's second round does, after us. */
function before(pod: JsonObject, company: Company, engine: Engine): JsonObject {
  const first = applyCompany(pod, company);
  return applyCompany(patched(first, decideNow(first, engine).patch), company);
}

/** A pod that company treats after us alone. */
function behind(pod: JsonObject, company: Company, engine: Engine): JsonObject {
  return applyCompany(patched(pod, decideNow(pod, engine).patch), company);
}

const user = podOf({
  containers: [
    { name: 'web', image: 'shop/web:1', command: ['/app'], resources: { limits: { cpu: '1', memory: '1Gi' } } },
  ],
});

for (const [name, company] of companies) {
  for (const [policy, spec] of Object.entries(policies)) {
    t.test(`F2: ${name} in company with ours, ${policy}: injected, and nothing twice`, (t) => {
      const engine = engineWith(name, spec, entries[name] ?? []);
      for (const [when, arrange] of Object.entries({ before, behind })) {
        const pod = arrange(user, company, engine);
        const second = decideNow(pod, engine);
        t.match(second.decision, { decision: 'inject', reason: 'injected' }, `${when}: ${second.decision.detail}`);
        t.match(
          second.decision.steps.filter(({ reason }) => reason === 'parts_put_back'),
          [],
          when,
        );
        const final = patched(pod, second.patch);
        const { decision } = decideNow(final, engine, 'validate');
        t.match(decision, { decision: 'inject', reason: 'injected' }, `${when}: ${decision.detail}`);
        t.equal(textOf(decideNow(final, engine).patch), '[]', when);
      }
      t.end();
    });
  }
  if (entries[name] === undefined) continue;
  t.test(`F2: ${name} without its entries: what is said allows it, Forbidden puts ours back`, (t) => {
    const security = engineWith(name, { prefer: 'Security' }, []);
    const pod = behind(user, company, security);
    const denied = decideNow(pod, security, 'validate').decision;
    t.match(denied, { decision: 'deny', reason: 'parts_differ' });
    const printed = /list in ownPartsMayDiffer: (\[.*\])$/.exec(denied.detail)?.[1] ?? '';
    const listed = entriesSchema.parse(JSON.parse(printed));
    const allowing = engineWith(name, { prefer: 'Security' }, listed);
    t.match(decideNow(pod, allowing, 'validate').decision, { reason: 'injected' }, printed);

    const available = engineWith(name, {}, []);
    const left = behind(user, company, available);
    t.match(decideNow(left, available, 'validate').decision, { decision: 'partial', reason: 'parts_differ' });
    const said = decideNow(left, available);
    t.match(said.decision, { decision: 'partial', reason: 'parts_differ' });
    t.notMatch(said.patch, [{ path: /^.spec/ }], 'the pod’s spec is left as it is');

    const forbidden = engineWith(name, policies['Security, Forbidden'] ?? {}, []);
    const changed = behind(user, company, forbidden);
    t.match(decideNow(changed, forbidden, 'validate').decision, { decision: 'deny', reason: 'tampered' });
    const put = decideNow(changed, forbidden);
    t.match(put.decision, { decision: 'inject', reason: 'injected' });
    const whole = patched(changed, put.patch);
    t.match(decideNow(whole, forbidden, 'validate').decision, { decision: 'inject', reason: 'injected' });
    t.equal(textOf(decideNow(whole, forbidden).patch), '[]');
    t.end();
  });
}

for (const [name, company] of companies) {
  t.test(`F2: ${name} in company with a plain sidecar`, (t) => {
    const engine = engineWith(name, { prefer: 'Security', agent: { placement: 'Container' } }, entries[name] ?? []);
    const { decision } = decideNow(behind(user, company, engine), engine, 'validate');
    const refused = plainOnly[name];
    if (refused === undefined) t.match(decision, { decision: 'inject', reason: 'injected' }, decision.detail);
    else t.match(decision, { decision: 'deny', reason: 'parts_differ', detail: new RegExp(refused) });
    t.end();
  });
}
