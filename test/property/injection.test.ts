import fc from 'fast-check';
import t from 'tap';
import { byEarlier } from '../../src/admission/other-versions.js';
import { applyUndo, withUndo } from '../../src/documents/undo/undo.js';
import type { Outcome } from '../../src/engine/outcome.js';
import type { ImageConfig } from '../../src/model/image.js';
import { isArray, isObject, stringsOf, type JsonObject } from '../../src/model/json.js';
import { throughTheServer } from '../support/cluster.js';
import { decideNow } from '../support/engine.js';
import { at, containerOf, members, nameOf, patched, patchedBySecond, textOf } from '../support/json.js';
import { expand } from '../support/kubelet.js';
import { optsOut } from '../../src/model/reasons.js';
import { generatedPod, podOf, type GeneratedPod } from '../support/pods.js';
import { choices, engineWith, type Choices } from './policies.js';
import { withoutEachPart } from './removal.js';

const numRuns = Number(process.env['FAST_CHECK_RUNS'] ?? 150);
t.setTimeout(60_000 + numRuns * 400);

/** Runs a property over pods and policies; a failure prints both. */
function holds(
  name: string,
  property: (given: GeneratedPod, made: Choices, outcome: Outcome) => void,
  narrow: Partial<Choices> = {},
): void {
  t.test(name, (t) => {
    fc.assert(
      fc.property(generatedPod, choices, (given, chosen) => {
        const made = { ...chosen, ...narrow };
        property(given, made, decideNow(given.pod, engineWith(made, given.images)));
      }),
      { numRuns },
    );
    t.end();
  });
}

function same(actual: string, expected: string, what: string): void {
  if (actual !== expected) throw new Error(`${what}\n  is     ${actual}\n  wanted ${expected}`);
}

holds('two implementations apply the patch, with equal results', ({ pod }, _made, { patch }) => {
  const [first, second] = [patched(pod, patch), patchedBySecond(pod, patch)];
  same(textOf(second), textOf(first), 'rfc6902 and fast-json-patch differ');
});

holds('only a decision to inject changes the pod', (_given, _made, { decision, patch }) => {
  const injects = decision.decision === 'inject' || decision.decision === 'partial';
  if (injects !== patch.length > 0)
    throw new Error(`${decision.decision} ${decision.reason}: ${patch.length} operations`);
  if (decision.decision === 'deny') throw new Error('the mutating door denies');
});

holds('E17: the second pass is empty and repeats the first answer', (given, made, { decision, patch }) => {
  const again = throughTheServer(patched(given.pod, patch));
  const second = decideNow(again, engineWith(made, given.images));
  same(textOf(second.patch), '[]', 'second pass');
  same(
    `${second.decision.decision} ${second.decision.reason}`,
    `${decision.decision} ${decision.reason}`,
    `second answer, ${second.decision.detail}`,
  );
});

holds('uninject after inject gives the same data and key order back', ({ pod }, _made, { patch }) => {
  const injected = patched(pod, withUndo(pod, patch));
  same(textOf(applyUndo(injected)), textOf(pod), 'undone');
});

holds('containers that are not instrumented stay as they are', ({ pod }, _made, { patch, plan }) => {
  const touched = new Set(plan?.workload.map(({ container }) => container.name));
  const after = patched(pod, patch);
  for (const before of [...members(pod, 'containers'), ...members(pod, 'initContainers')]) {
    const name = nameOf(before);
    if (!touched.has(name)) same(textOf(containerOf(after, name)), textOf(before), `container ${name}`);
  }
});

holds('E30: fields nobody knows survive', ({ pod }, _made, { patch }) => {
  const after = patched(pod, patch);
  const unknown = (value: JsonObject | undefined): string =>
    textOf(Object.fromEntries(Object.entries(value ?? {}).filter(([key]) => key.startsWith('x-'))));
  const spec = (value: JsonObject): JsonObject => {
    const found = at(value, 'spec');
    return isObject(found) ? found : {};
  };
  same(unknown(spec(after)), unknown(spec(pod)), 'spec');
  for (const before of [...members(pod, 'containers'), ...members(pod, 'initContainers')]) {
    same(unknown(containerOf(after, nameOf(before))), unknown(before), nameOf(before));
  }
  for (const field of ['labels', 'annotations']) {
    const before = at(pod, 'metadata', field);
    for (const [key, value] of Object.entries(isObject(before) ? before : {})) {
      if (key.startsWith('cluster-autoscaler.kubernetes.io/')) continue;
      same(textOf(at(after, 'metadata', field, key)), textOf(value), `${field} ${key}`);
    }
  }
});

const variables = new Map(['HOME', 'A', 'X', ''].map((name) => [name, `<${name}>`]));

/** What Kubernetes starts: command and args expanded, the image's ENTRYPOINT and CMD never. */
function started(container: JsonObject, image: ImageConfig | undefined): readonly string[] {
  const command = stringsOf(container['command'] ?? []) ?? [];
  const args = stringsOf(container['args'] ?? []) ?? [];
  const expanded = (list: readonly string[]) => list.map((text) => expand(text, variables));
  if (command.length > 0) return [...expanded(command), ...expanded(args)];
  return args.length > 0
    ? [...(image?.entrypoint ?? []), ...expanded(args)]
    : [...(image?.entrypoint ?? []), ...(image?.cmd ?? [])];
}

holds(
  'E1, E2, E3, E4, E6, E7: behind the wrapper the same program starts with the same arguments',
  ({ pod, images }, _made, { patch, plan }) => {
    if (patch.length === 0) return;
    const after = patched(pod, patch);
    for (const { container } of plan?.workload ?? []) {
      const image = images[container.image];
      const expected = [...(plan?.recipe.wrapper ?? []), ...started(container.value, image)];
      same(textOf(started(containerOf(after, container.name), undefined)), textOf(expected), container.name);
    }
  },
);

holds(
  'the validating door accepts what the mutating one made',
  (given, made, { decision, patch }) => {
    const final = throughTheServer(patched(given.pod, patch));
    const answer = decideNow(final, engineWith(made, given.images), 'validate').decision;
    if (decision.decision === 'inject') same(answer.decision, 'inject', `${answer.reason}: ${answer.detail}`);
    else if (decision.reason !== 'no_container_selected') same(answer.decision, 'deny', `${decision.reason}, then`);
  },
  { prefer: 'Security' },
);

holds(
  'under Availability the validating door denies nothing but tampering, and ways of opting out where that is forbidden',
  (given, made, { patch }) => {
    const { decision } = decideNow(patched(given.pod, patch), engineWith(made, given.images), 'validate');
    if (decision.decision !== 'deny') return;
    same(made.optOut, 'Forbidden', decision.reason);
    if (decision.reason === 'tampered' || optsOut(decision.reason)) return;
    // Several containers, each with a way of its own.
    const ways = decision.steps.filter(({ reason }) => reason !== undefined && optsOut(reason));
    if (ways.length < 2) throw new Error(decision.reason);
  },
  { prefer: 'Availability' },
);

holds(
  'under Security the validating door refuses the pod without any one part',
  (given, made, { decision, patch }) => {
    if (decision.decision !== 'inject') return;
    const engine = engineWith(made, given.images);
    for (const { part, pod } of withoutEachPart(given.pod, patched(given.pod, patch), patch)) {
      const answer = decideNow(throughTheServer(pod), engine, 'validate').decision;
      same(answer.decision, 'deny', `without ${part}`);
    }
  },
  { prefer: 'Security' },
);

holds(
  'a pod that an earlier version instrumented is let in by it, and without any one part it is not',
  (given, made, { decision, patch }) => {
    if (decision.decision !== 'inject') return;
    const versions = { earlier: () => [engineWith(made, given.images)], catchUp: () => Promise.resolve() };
    const letIn = (pod: JsonObject): string | undefined =>
      byEarlier(versions, (engine) => decideNow(pod, engine, 'validate'))?.decision.decision;
    const whole = throughTheServer(patched(given.pod, patch));
    same(`${letIn(whole)}`, 'inject', 'whole');
    for (const { part, pod } of withoutEachPart(given.pod, patched(given.pod, patch), patch)) {
      same(`${letIn(throughTheServer(pod))}`, 'undefined', `without ${part}`);
    }
  },
  { prefer: 'Security' },
);

t.test('E30: the work is linear in the pod: 2,000 variables make no more operations', (t) => {
  const made: Choices = {
    profile: 'sysdig',
    prefer: 'Availability',
    placement: 'Auto',
    delivery: 'Auto',
    imageVolumes: false,
    capability: 'Auto',
    cover: ['Main'],
    optOut: 'Allowed',
    agentsKnown: true,
    pullSecrets: false,
    openShift: false,
    podSecurity: 'privileged',
  };
  const operations = (count: number): number => {
    const env = Array.from({ length: count }, (_, index) => ({ name: `V${index}`, value: 'x'.repeat(500) }));
    const pod = podOf({ containers: [{ name: 'web', image: 'shop/web:1', command: ['/app'], env }] });
    return decideNow(pod, engineWith(made, {})).patch.length;
  };
  t.equal(operations(2000), operations(1));
  t.ok(operations(2000) < 20);
  t.end();
});

t.test('an instrumented container is touched at its own place alone', (t) => {
  fc.assert(
    fc.property(generatedPod, choices, ({ pod, images }, made) => {
      const { patch, plan } = decideNow(pod, engineWith(made, images));
      const allowed = new Set(
        plan?.workload.map(({ container }) => `/spec/${container.list}/${container.index}/`) ?? [],
      );
      for (const { path } of patch) {
        const inside = /^\/spec\/(?:c|initC)ontainers\/\d+\//.exec(path)?.[0];
        if (inside !== undefined && !allowed.has(inside)) throw new Error(path);
      }
      return isArray(patch);
    }),
    { numRuns },
  );
  t.end();
});
