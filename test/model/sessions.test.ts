import t from 'tap';
import { policySchema, type PolicySpec } from '../../src/model/policy.js';
import { sessionsOf } from '../../src/model/sessions.js';

function specOf(spec: object): PolicySpec {
  const document = {
    apiVersion: 'outrider.dev/v1alpha1',
    kind: 'InstrumentationPolicy',
    metadata: { name: 'p' },
    spec: { profile: { name: 'sysdig' }, ...spec },
  };
  return policySchema.parse(document).spec;
}

function modesOf(spec: object, defaults: 'Trace' | 'Record' = 'Trace') {
  const { exec, attach, debug } = sessionsOf(specOf(spec), defaults);
  return { exec, attach, debug };
}

t.test('sessions that a policy says nothing of follow from how strict it is, and from when it is', (t) => {
  t.same(modesOf({}), { exec: 'Allow', attach: 'Allow', debug: 'Allow' });
  const traced = { exec: 'Trace', attach: 'Record', debug: 'Trace' };
  const recorded = { exec: 'Record', attach: 'Record', debug: 'Record' };
  for (const strict of [{ prefer: 'Security' }, { optOut: 'Forbidden' }]) {
    t.same(modesOf(strict), traced);
    t.same(modesOf(strict, 'Record'), recorded);
  }
  t.same(modesOf({ prefer: 'Security', sessions: { exec: 'Allow', debug: 'Deny' } }, 'Record'), {
    exec: 'Allow',
    attach: 'Record',
    debug: 'Deny',
  });
  t.same(modesOf({ sessions: { exec: 'Trace', attach: 'Deny' } }), { exec: 'Trace', attach: 'Deny', debug: 'Allow' });
  t.end();
});

t.test('a policy that is off lets sessions be, and one that reports writes down what it would do', (t) => {
  const sessions = { exec: 'Deny', attach: 'Deny', debug: 'Allow' };
  t.same(modesOf({ mode: 'Off', sessions }), { exec: 'Allow', attach: 'Allow', debug: 'Allow' });
  t.same(modesOf({ mode: 'Report', sessions }), { exec: 'Record', attach: 'Record', debug: 'Allow' });
  t.end();
});

t.test('exempt are those whom the policy names, and nobody else', (t) => {
  t.same(sessionsOf(specOf({ prefer: 'Security' }), 'Trace').exempt, { users: [], groups: [] });
  const exempt = { users: ['jane'], groups: ['break-glass'] };
  t.same(sessionsOf(specOf({ sessions: { exempt } }), 'Trace').exempt, exempt);
  t.throws(() => specOf({ sessions: { attach: 'Trace' } }), 'there is no command to be traced');
  t.throws(() => specOf({ sessions: { exempt: { users: [''] } } }));
  t.end();
});
