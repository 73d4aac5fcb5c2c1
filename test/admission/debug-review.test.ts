import t from 'tap';
import { unprovenEngine } from '../../src/engine/unproven.js';
import { askDebugDoor, debugged, debuggerOf, debugReview, runningPod } from '../support/debug.js';
import { engineFor, resolverOf } from '../support/engine.js';
import { at, patched } from '../support/json.js';
import { podWith } from '../support/pods.js';

const wrapper = '/opt/draios/bin/instrument';
const known = { 'tools:1': { entrypoint: ['/bin/sh'], cmd: [] } };
const security = engineFor({ prefer: 'Security' }, { known });
const available = engineFor({ sessions: { debug: 'Trace' } }, { known });
const web = runningPod(security);
const setup = { engine: () => security };

/** A session's record in an audit annotation. */
const sessionIn = (annotation: unknown): unknown =>
  typeof annotation === 'string' ? JSON.parse(annotation) : undefined;

t.test('a debug container gets the tracer, and the validating door writes it down', async (t) => {
  const asked = debugged(web, debuggerOf({ command: ['sh', '-c', 'login --token hunter2'] }));
  const mutated = await askDebugDoor('mutate', debugReview(web, asked), setup);
  t.ok(mutated.allowed);
  t.same(mutated.records, [], 'what another webhook makes of it is not known yet');
  t.match(mutated.reviewed, [{ door: 'mutate-debug', decision: 'inject', reason: 'session_traced', owner: 'Pod/web' }]);
  const after = patched(asked, mutated.patch);
  t.equal(at(after, 'spec', 'ephemeralContainers', 0, 'command', 0), wrapper);

  const validated = await askDebugDoor('validate', debugReview(web, after), setup);
  t.ok(validated.allowed);
  t.same(validated.warnings, []);
  t.same(validated.records, [
    {
      kind: 'debug',
      decision: 'wrapped',
      reason: 'session_traced',
      policy: 'default',
      user: 'jo@example.com',
      namespace: 'shop',
      pod: 'web',
      container: 'debugger-x7f2k',
      command: `${wrapper} sh -c "login --token ***"`,
    },
  ]);
  t.match(validated.audit, { decision: 'wrapped', reason: 'session_traced', policy: 'default' });
  t.match(sessionIn(validated.audit['session']), { kind: 'debug', container: 'debugger-x7f2k' });

  const bare = await askDebugDoor('validate', debugReview(web, asked), setup);
  t.notOk(bare.allowed);
  t.match(bare.status, {
    code: 403,
    message:
      /^outrider: policy default does not let this debug container start \(debug_not_traced\): .* lacks the tracer’s wrapper/,
  });
  t.end();
});

t.test('a denial names the profile of kubectl debug to take instead', async (t) => {
  const general = debuggerOf({ securityContext: { capabilities: { add: ['SYS_PTRACE'] } } });
  const denied = await askDebugDoor('validate', debugReview(web, debugged(web, general)), setup);
  t.match(denied.status, { message: /\(debug_privilege_forbidden\): .*SYS_PTRACE.*--profile=baseline/ });
  t.match(denied.reviewed, [{ door: 'validate-debug', decision: 'deny' }]);
  t.end();
});

t.test('of several, each is written down, and the worst decides', async (t) => {
  const asked = debugged(web, debuggerOf({ name: 'good' }), debuggerOf({ name: 'bad', image: 'unknown:1' }));
  const { patch } = await askDebugDoor('mutate', debugReview(web, asked), setup);
  const after = patched(asked, patch);
  const answer = await askDebugDoor('validate', debugReview(web, after), setup);
  t.notOk(answer.allowed);
  t.match(answer.records, [
    { container: 'good', decision: 'wrapped' },
    { container: 'bad', decision: 'denied', reason: 'debug_image_unknown' },
  ]);
  t.match(sessionIn(answer.audit['session']), { container: 'bad' });
  t.match(sessionIn(answer.audit['session-2']), { container: 'good' });

  const let_ = await askDebugDoor('validate', debugReview(web, asked), { engine: () => available });
  t.ok(let_.allowed);
  t.match(let_.warnings, [
    /debug container good is not traced, debug_not_traced/,
    /bad is not traced, debug_image_unknown/,
  ]);
  t.end();
});

t.test('an image is looked up in the time that the call has', async (t) => {
  const asking = engineFor({ prefer: 'Security' }, { asked: known });
  const asked = debugged(web, debuggerOf());
  const mutated = await askDebugDoor('mutate', debugReview(web, asked), { engine: () => asking });
  t.equal(mutated.patch.length > 0, true);
  const late = await askDebugDoor('validate', debugReview(web, patched(asked, mutated.patch)), {
    engine: () => asking,
    signal: AbortSignal.abort(),
  });
  t.match(late.status, { message: /debug_image_unknown.*lookup_timeout/ });
  t.end();
});

t.test(
  'another request, and one that adds nothing, are let through; one without the pod as it is, is refused',
  async (t) => {
    const created = await askDebugDoor('validate', debugReview(web, web, { operation: 'CREATE' }), setup);
    t.match(created, { allowed: true, audit: { reason: 'other_request' }, records: [] });
    const nothing = await askDebugDoor('validate', debugReview(web, web), setup);
    t.match(nothing, { allowed: true, audit: { decision: 'skip', reason: 'session_allowed' }, records: [] });
    await t.rejects(askDebugDoor('validate', debugReview(web, web, { oldObject: null }), setup), {
      code: 'review_invalid',
    });
    t.end();
  },
);

t.test('E41: where no policy is known that asks, a live look comes first', async (t) => {
  const none = engineFor({ sessions: { debug: 'Allow' } });
  let engine = none;
  const asked = debugged(web, debuggerOf());
  const reread = (): Promise<void> => {
    engine = security;
    return Promise.resolve();
  };
  const answer = await askDebugDoor('validate', debugReview(web, asked), { engine: () => engine, reread });
  t.match(answer, { allowed: false, audit: { reason: 'debug_not_traced' } });
  const failing = { engine: () => none, reread: () => Promise.reject(new Error('no API server')) };
  await t.rejects(askDebugDoor('validate', debugReview(web, asked), failing), { message: 'no API server' });
  const mutated = await askDebugDoor('mutate', debugReview(web, asked), failing);
  t.match(mutated, { allowed: true, patch: [], failures: [{ message: 'no API server' }] });
  t.end();
});

t.test('what a replica with an earlier version traced is let in', async (t) => {
  const before = engineFor(
    { prefer: 'Security', profile: { name: 'sysdig', settings: { region: 'us2', logging: 'info' } } },
    { known },
  );
  const later = engineFor(
    { prefer: 'Security', profile: { name: 'sysdig', settings: { region: 'us2', workloadLogging: 'debug' } } },
    { known },
  );
  const asked = debugged(web, debuggerOf());
  const { patch } = await askDebugDoor('mutate', debugReview(web, asked), { engine: () => before });
  const after = debugReview(web, patched(asked, patch));
  t.match(await askDebugDoor('validate', after, { engine: () => later }), { allowed: false });
  t.match(await askDebugDoor('validate', after, { engine: () => later, earlier: () => [before] }), { allowed: true });
  t.match(await askDebugDoor('validate', debugReview(web, asked), { engine: () => later, earlier: () => [before] }), {
    allowed: false,
  });
  const allowing = engineFor({ prefer: 'Security', sessions: { debug: 'Allow' } }, { known });
  t.match(
    await askDebugDoor('validate', debugReview(web, asked), { engine: () => later, earlier: () => [allowing] }),
    { allowed: false },
    'that nobody asked before lets nothing in',
  );
  t.end();
});

t.test('an error that nobody expected lets it through at the mutating door, and is one at the end', async (t) => {
  const broken = {
    ...security,
    images: {
      ...resolverOf({}),
      known: () => {
        throw new Error('broken');
      },
    },
  };
  const asked = debugReview(web, debugged(web, debuggerOf()));
  const mutated = await askDebugDoor('mutate', asked, { engine: () => broken });
  t.match(mutated, { allowed: true, audit: { reason: 'internal_error' }, failures: [{ message: 'broken' }] });
  await t.rejects(askDebugDoor('validate', asked, { engine: () => broken }), { message: 'broken' });
  t.end();
});

t.test('without proof that the API server calls, no image is looked up, and nothing traced for it', async (t) => {
  const unproven = unprovenEngine(engineFor({ prefer: 'Security' }, { asked: known }));
  const asked = debugReview(web, debugged(web, debuggerOf()));
  t.match(await askDebugDoor('mutate', asked, { engine: () => unproven }), { patch: [] });
  t.match(await askDebugDoor('validate', asked, { engine: () => unproven }), {
    allowed: false,
    status: { message: /caller_unproven/ },
  });
  const bare = podWith({ command: ['/app'] });
  const untouched = await askDebugDoor('validate', debugReview(bare, debugged(bare, debuggerOf())), setup);
  t.match(untouched, {
    allowed: true,
    audit: { decision: 'untraced', reason: 'debug_not_instrumented' },
    warnings: [],
  });
  t.end();
});
