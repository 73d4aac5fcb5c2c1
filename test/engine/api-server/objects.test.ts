import t from 'tap';
import { apiServerObjectsOf, type ApiServerObjects } from '../../../src/engine/api-server/objects.js';
import type { Engine } from '../../../src/engine/engine.js';
import { listOf, objectOf, type JsonObject } from '../../../src/model/json.js';
import { notClaimableReasons } from '../../../src/model/not-claimable.js';
import { engineFor, engineOf, policyText } from '../../support/engine.js';
import { at } from '../../support/json.js';

const security = { prefer: 'Security' };

function objectsOf(engine: Engine, policyName = 'default'): ApiServerObjects {
  return apiServerObjectsOf({
    policyName,
    engine,
    name: 'outrider-default',
    labels: { 'app.kubernetes.io/name': 'outrider' },
    namespaceSelector: { matchLabels: { team: 'shop' } },
    objectSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] },
  });
}

function claimed(engine: Engine): Exclude<ApiServerObjects, { claimable: false }> {
  const objects = objectsOf(engine);
  if (!objects.claimable) throw new Error(objects.why.detail);
  return objects;
}

/** Why a policy is left to the webhook. */
function why(engine: Engine, policyName?: string): string | undefined {
  const objects = objectsOf(engine, policyName);
  return objects.claimable ? undefined : objects.why.reason;
}

t.test('W53: one mutating policy that is passed by on trouble, with one expression', (t) => {
  const { mutating, mutatingBinding } = claimed(engineFor(security));
  const spec = objectOf(mutating['spec']) ?? {};
  t.match(spec, { failurePolicy: 'Ignore', reinvocationPolicy: 'IfNeeded' });
  t.equal(listOf(spec['mutations']).length, 1);
  const conditions = listOf(spec['matchConditions']);
  t.match(conditions, [{ name: 'claimed', expression: /^\(!has\(object\.metadata\.labels\)/ }], 'labels first');
  t.equal(conditions.length, 1, 'each further one costs');
  t.match(mutatingBinding['spec'], {
    policyName: 'outrider-default',
    paramRef: { name: 'default', parameterNotFoundAction: 'Allow' },
    matchResources: { namespaceSelector: { matchLabels: { team: 'shop' } } },
  });
  t.end();
});

t.test(
  'W55: a validating policy where the policy prefers Security, for pods that say the API server made them',
  (t) => {
    const { validating, validatingBinding } = claimed(engineFor(security));
    t.match(validating?.['spec'], { failurePolicy: 'Fail' });
    t.match(validatingBinding?.['spec'], {
      validationActions: ['Deny'],
      paramRef: { parameterNotFoundAction: 'Deny' },
      matchResources: {
        objectSelector: {
          matchExpressions: [
            { key: 'app', operator: 'Exists' },
            { key: 'outrider.dev/by', operator: 'In', values: ['api-server'] },
          ],
        },
      },
    });
    for (const spec of [{}, { optOut: 'Forbidden' }, { onUnresolvedImage: 'Deny' }])
      t.equal(claimed(engineFor(spec)).validating, undefined, 'an outage refuses no pod under Availability');
    t.end();
  },
);

t.test('the text is the same for every policy: what differs is in the parameters', (t) => {
  const texts = [engineFor(security), engineFor({ containers: { cover: ['Main'] } })].map((engine) => {
    const { mutating } = claimed(engine);
    return JSON.stringify(at(mutating, 'spec', 'mutations'));
  });
  t.equal(texts[0], texts[1]);
  t.end();
});

t.test('the webhook is called for whatever the API server did not finish', (t) => {
  const { calledFor } = claimed(engineFor(security));
  t.match(calledFor, 'c.command[0] == "/opt/draios/bin/instrument"');
  t.match(calledFor, 'c.name == "sysdig-workload-agent-copy"');
  t.end();
});

t.test('W53: what the API server cannot do exactly is left to the webhook', (t) => {
  const two = (spec: JsonObject): Engine =>
    engineOf(
      policyText('default', { profile: { name: 'sysdig', settings: { region: 'us2' } } }) +
        policyText('other', { profile: { name: 'sysdig', settings: { region: 'us2' } }, ...spec }),
    );
  const reasons = {
    policy_invalid: why(engineFor(security), 'absent'),
    mode_not_inject: why(engineFor({ mode: 'Report' })),
    overlapping: why(two({})),
    decided_by_workload: why(engineFor({ canary: { percent: 50 } })),
    not_sayable: why(engineFor({ containers: { cover: ['Init'] } })),
    not_injected: why(engineFor({ delivery: 'ImageVolume' }, { facts: { imageVolumes: false } })),
  };
  for (const [wanted, found] of Object.entries(reasons)) {
    t.equal(found, wanted);
    t.ok(notClaimableReasons.some((reason) => reason === wanted));
  }
  const apart = two({ match: { namespaceSelector: { matchLabels: { team: 'a' } } } });
  t.equal(why(apart), 'overlapping', 'the other is for any namespace');
  t.end();
});
