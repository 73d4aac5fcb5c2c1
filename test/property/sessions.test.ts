import fc from 'fast-check';
import t from 'tap';
import { ephemeralContainersOf } from '../../src/engine/session/container.js';
import { isWrapped, runsWrapper } from '../../src/inject/argv.js';
import { isFinding, readPod } from '../../src/inject/pod/view.js';
import type { Engine } from '../../src/engine/engine.js';
import type { JsonObject } from '../../src/model/json.js';
import { askExec, running, throughBoth } from '../engine/session/sessions.js';
import { decideNow } from '../support/engine.js';
import { members, nameOf } from '../support/json.js';
import { generatedPod } from '../support/pods.js';
import { choices, engineWith } from './policies.js';

const numRuns = Number(process.env['FAST_CHECK_RUNS'] ?? 150);
t.setTimeout(60_000 + numRuns * 400);

const words = fc.array(
  fc.constantFrom(
    ...['sh', '-c', 'ls', '--', '', 'trace', '/lab/run', '/opt/draios/bin/instrument', '--session'],
    ...['/cws-instrumentation-volume/cws-instrumentation', '$(X)'],
  ),
  { minLength: 1, maxLength: 5 },
);

function wrapperOf({ rules }: Engine): readonly string[] {
  return rules.byPolicy.get('generated')?.recipe.wrapper ?? [];
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

t.test('sessions in pods as the engine makes them, and in pods as they came', (t) => {
  const given = fc.tuple(generatedPod, choices, words, fc.boolean());
  fc.assert(
    fc.property(given, ([{ pod, images }, chosen, command, injected]) => {
      const engine = engineWith({ ...chosen, sessions: { exec: 'Trace' } }, images);
      const strict = chosen.prefer === 'Security';
      const run = injected ? running(pod, engine) : pod;
      for (const name of namesIn(run)) {
        const { started, said } = throughBoth(run, engine, command, { container: name });
        const wrapper = wrapperOf(engine);
        const again = throughBoth(run, engine, started, { container: name });
        must(String(again.started) === String(started), `${name}: a second time changes ${String(started)}`);
        must(again.said.decision === said.decision, `${name}: a second time says ${again.said.decision}`);
        if (said.decision === 'wrapped') {
          must(isWrapped(started, wrapper), `${name}: wrapped without the wrapper: ${String(started)}`);
          const added = started.length - command.length;
          must(added === 0 || !isWrapped(command, wrapper), `${name}: the wrapper in front of itself`);
          must(
            containerNamed(run, name).some((argv) => runsWrapper(argv, wrapper)),
            `${name}: it is not wrapped itself`,
          );
          if (added > 0 && strict) {
            const bare = askExec(run, engine, command, { container: name });
            must(bare.decision === 'denied', `${name}: what is not planned is accepted (${bare.reason})`);
          }
        } else must(started === command || said.decision === 'denied', `${name}: changed and ${said.decision}`);
      }
    }),
    { numRuns },
  );
  t.end();
});

t.test('every container that the engine instruments is one whose sessions are traced', (t) => {
  fc.assert(
    fc.property(generatedPod, choices, ({ pod, images }, chosen) => {
      const engine = engineWith({ ...chosen, sessions: { exec: 'Trace' } }, images);
      const { plan, decision } = decideNow(pod, engine);
      if (plan === undefined || decision.decision !== 'inject') return;
      const run = running(pod, engine);
      for (const { container } of plan.workload) {
        const { said } = throughBoth(run, engine, ['sh'], { container: container.name });
        must(said.decision === 'wrapped', `${container.name}: ${said.decision} ${said.reason} ${said.detail}`);
      }
    }),
    { numRuns },
  );
  t.end();
});

function namesIn(pod: JsonObject): readonly string[] {
  return [...members(pod, 'containers'), ...members(pod, 'initContainers')].map(nameOf);
}

function containerNamed(pod: JsonObject, name: string): readonly (readonly string[])[] {
  const view = readPod(pod);
  if (isFinding(view)) return [];
  return [...view.containers, ...view.initContainers, ...ephemeralContainersOf(view)]
    .filter((container) => container.name === name)
    .map(({ command }) => command);
}
