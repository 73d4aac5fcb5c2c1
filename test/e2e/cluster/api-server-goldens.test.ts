import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { isObject, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { dataOf, engineFor, readCases, type GoldenCase } from '../../golden/cases.js';
import { patched } from '../../support/json.js';
import { comparable, decided, isByApiServer, referencesIn, settled, type Scene } from './by-api-server.js';
import type { Created } from './dry-run-pods.js';
import { startScenes } from './started-scenes.js';

t.setTimeout(900_000);

function policyOf({ configuration }: GoldenCase): string {
  const documents = [...parseAllDocuments(configuration)].map((document): unknown => document.toJS());
  const policy = documents.filter(isObject).find(({ kind }) => kind === 'InstrumentationPolicy');
  return stringOf(objectOf(policy?.['metadata'])?.['name']) ?? '';
}

interface Case {
  readonly name: string;
  readonly pod: JsonObject;
  readonly scene: Scene;
}

const cases = readCases().map((one): Case => {
  const pod = dataOf(one.podText);
  const engine = { ...engineFor(one), excludedNamespaces: new Set<string>() };
  const scene = {
    namespace: one.name,
    namespaceLabels: one.namespaceLabels,
    policyName: policyOf(one),
    engine,
    references: referencesIn(pod),
  };
  return { name: one.name, pod, scene };
});

const { pods, unclaimed } = await startScenes(
  t,
  cases.map(({ scene }) => scene),
);
for (const name of ['argv-command', 'safe-to-evict', 'keeper']) {
  await settled(`claimed pods of ${name}`, async () => isByApiServer((await pods.create(name, podOf(name))).body));
}

function podOf(name: string): JsonObject {
  return cases.find((one) => one.name === name)?.pod ?? {};
}

function why({ status, body }: Created): string {
  return `${status} ${stringOf(body['message']) ?? ''}`;
}

let claimed = 0;
for (const { name, pod, scene } of cases) {
  await t.test(`W53: ${name}: is left alone by the API server, or comes out as the webhook makes it`, async (t) => {
    const [by, plain] = await Promise.all([pods.create(name, pod), pods.create(`${name}-off`, pod)]);
    if (plain.status !== 201) {
      t.not(by.status, 201, why(by));
      return;
    }
    if (by.status !== 201) {
      // Whatever refuses it refuses what the webhook makes of it, too.
      const webhook = await pods.create(`${name}-off`, patched(plain.body, decided(plain.body, scene, 'mutate').patch));
      t.equal(webhook.body['message'], by.body['message']);
      return;
    }
    if (!isByApiServer(by.body)) {
      t.comment(`left alone: ${unclaimed.get(name) ?? 'a condition'}`);
      t.same(comparable(by.body), comparable(plain.body), 'it is as it would be without');
      return;
    }
    claimed++;
    const outcome = decided(plain.body, scene, 'mutate');
    const webhook = await pods.create(`${name}-off`, patched(plain.body, outcome.patch));
    t.equal(outcome.decision.decision, 'inject', outcome.decision.detail);
    t.same(comparable(by.body), comparable(webhook.body));
  });
}
t.test('the share that the API server takes on', (t) => {
  const injected = cases.filter(
    ({ pod, scene }) => decided(pod, scene, 'mutate').decision.decision === 'inject',
  ).length;
  t.comment(
    `${claimed} of ${cases.length} golden cases are instrumented by the API server, of ${injected} that the webhook instruments whole`,
  );
  t.ok(claimed >= 10, `${claimed}`);
  t.end();
});
