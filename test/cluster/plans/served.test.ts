import t from 'tap';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { servesPlans, servesPolicies } from '../../../src/cluster/plans/served.js';
import type { JsonObject } from '../../../src/model/json.js';

const never = new AbortController().signal;

/** An API server whose discovery says this of every group. */
function discovery(...plurals: readonly string[]) {
  const asked: string[] = [];
  return {
    asked,
    get: (path: string): Promise<JsonObject> => {
      asked.push(path);
      return Promise.resolve({ kind: 'APIResourceList', resources: plurals.map((name) => ({ name })) });
    },
  };
}

const webhooks = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'];
const judging = ['validatingadmissionpolicies', 'validatingadmissionpolicybindings'];
const mutating = ['mutatingadmissionpolicies', 'mutatingadmissionpolicybindings'];

t.test('W66: an API server is asked for what its discovery says that it serves', async (t) => {
  const old = discovery(...webhooks);
  t.equal(await servesPolicies(old, never), false, '1.29 and before');
  t.equal(await servesPolicies(discovery(...webhooks, ...judging), never), false, '1.30 to 1.35');
  t.equal(await servesPolicies(discovery(...webhooks, ...judging, ...mutating), never), true, '1.36');
  t.same(old.asked, ['/apis/admissionregistration.k8s.io/v1'], 'and for nothing else');
});

t.test('W66: a definition that is missing is told from an API server that does not answer', async (t) => {
  t.equal(await servesPlans(discovery('instrumentationpolicies'), never), false);
  t.equal(await servesPlans(discovery('instrumentationpolicies', 'instrumentationplans'), never), true);
  const failing = (status: number, reason: string) => ({
    get: () => Promise.reject(new ApiError(reason, { status, reason })),
  });
  t.equal(await servesPlans(failing(404, 'NotFound'), never), false);
  await t.rejects(servesPlans(failing(503, 'ServiceUnavailable'), never));
});
