import t from 'tap';
import { Judges } from '../../../src/cluster/plans/judges.js';
import { Proof } from '../../../src/cluster/plans/proof.js';
import { PolicyWriter } from '../../../src/cluster/plans/policy-writer.js';
import type { PolicyObject } from '../../../src/cluster/plans/policy-object.js';
import { ApiError } from '../../../src/cluster/client/api-error.js';
import { fakeTime, storedObjects } from '../stored-objects.js';

const owner = { name: 'outrider-api-server-policies', uid: 'uid-of-the-role' };
const never = new AbortController().signal;
const probePath = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/outrider-probe';
const judging: PolicyObject = { kind: 'validatingPolicies', name: 'outrider-1', policy: 'payments', spec: {} };

t.test('W55: it is proven by five API servers in a row, and once', async (t) => {
  const api = storedObjects();
  const time = fakeTime();
  const installation = { instance: 'outrider', ownNamespace: 'outrider' };
  const writer = new PolicyWriter({ client: api.client, clock: time.clock, judges: new Judges(() => undefined) });
  let isLoaded = (probes: number): boolean => probes !== 3;
  let probes = 0;
  api.fault = (method, path) => {
    if (method !== 'POST' || !path.endsWith('/podtemplates')) return undefined;
    const said = isLoaded(++probes) ? JSON.stringify(api.objects.get(probePath)) : 'something else';
    return new ApiError(said, { status: 422, reason: 'Invalid' });
  };
  const proof = new Proof({ client: api.client, sleep: time.sleep, ...installation }, writer, 'judging');
  await writer.write(judging, undefined, owner, never);
  const prove = async (): Promise<void> => {
    const live = new Map(
      [...api.objects].flatMap(([path, object]) => {
        const kind = path.includes('policybindings') ? 'validatingPolicyBindings' : 'validatingPolicies';
        const name = path.slice(path.lastIndexOf('/') + 1);
        return [[`${kind}/${name}`, { kind, name, policy: '', object }] as const];
      }),
    );
    const proving = proof.prove([judging], live, owner, never);
    proving.catch(() => undefined);
    await time.advance(60_000);
    await proving;
  };
  await prove();
  t.equal(probes, 8, 'one that has not loaded it begins the row anew');
  await prove();
  t.equal(probes, 8, 'what was proven is not asked again');
  proof.doubt();
  isLoaded = () => false;
  await t.rejects(prove(), /not proven to be in force: the dry run failed otherwise/);
  t.equal(probes, 48, 'and it is not asked for ever');
});
