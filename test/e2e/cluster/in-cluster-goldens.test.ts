import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { provenByPod } from '../../../src/model/exemption.js';
import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import type { ClusterFacts } from '../../../src/model/recipe.js';
import { plainFacts } from '../../support/engine.js';
import { read, readCases, type GoldenCase } from '../../golden/cases.js';
import { until } from './guarded-process.js';
import { install } from './installation.js';
import { objectIn, type KubectlResult } from './kubectl.js';
import { minorOf, neededMinor } from './node.js';
import { namespace } from './objects.js';
import { pod } from './pods.js';
import type { Replica } from './replica.js';

t.setTimeout(900_000);

/** Cases whose recorded output the API server cannot give, and why. */
const leftOut: Readonly<Record<string, string>> = {
  // A pod that limits itself and requests nothing is called for with requests equal to the limits, and those are raised.
  'pod-level-small': 'the API server fills in requests before it calls; the recorded pod has none',
};

const label = 'golden-policy';
const probed = 'argv-command';
const here = await install({ controllerManager: false });
t.teardown(() => here.stop());
const minor = await minorOf(here.api);
const cases = readCases().filter(({ name }) => leftOut[name] === undefined && minor >= neededMinor(name));

function documentsOf({ configuration }: GoldenCase): readonly JsonObject[] {
  return [...parseAllDocuments(configuration)].map((document): unknown => document.toJS()).filter(isObject);
}

function nameOf(object: JsonObject | undefined): string {
  return stringOf(objectOf(object?.['metadata'])?.['name']) ?? '';
}

/** Name of the policy that a case is about. */
function policyOf(one: GoldenCase): string {
  return nameOf(documentsOf(one).find(({ kind }) => kind === 'InstrumentationPolicy'));
}

/** Every case's policies and profiles, the former for the namespaces of their cases. */
function configuration(): readonly JsonObject[] {
  const documents = new Map<string, JsonObject>();
  for (const document of cases.flatMap(documentsOf)) {
    const { kind } = document;
    if (kind === 'ImageMap') continue;
    const spec = objectOf(document['spec']) ?? {};
    const match = { ...objectOf(spec['match']), namespaceSelector: { matchLabels: { [label]: nameOf(document) } } };
    const selecting = kind === 'InstrumentationPolicy' ? { ...document, spec: { ...spec, match } } : document;
    documents.set(`${stringOf(kind) ?? ''} ${nameOf(document)}`, selecting);
  }
  return [...documents.values()];
}

/** The access keys that instrumented pods refer to, and their pull secrets. */
function accessKeys(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const look = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(look);
    if (!isObject(value)) return;
    const { name, key } = objectOf(value['secretKeyRef']) ?? {};
    if (typeof name === 'string' && typeof key === 'string') found.set(name, key);
    Object.values(value).forEach(look);
  };
  for (const { name } of cases)
    for (const document of parseAllDocuments(read(name, 'output.yaml'))) look(document.toJS());
  return found;
}

/** What a replica has to be told for a case: its facts, and what is known about images. */
function settingsOf(one: GoldenCase): { readonly facts: ClusterFacts; readonly images: JsonObject } {
  const maps = documentsOf(one).filter(({ kind }) => kind === 'ImageMap');
  const images = Object.fromEntries(maps.flatMap((map) => Object.entries(objectOf(map['images']) ?? {})));
  return { facts: { ...plainFacts, ...one.facts }, images };
}

const keys = accessKeys();
/** Where a case's pod is instrumented, and where its recorded output is taken as it is. */
const placesOf = ({ name }: GoldenCase): readonly [string, string] => [name, `${name}-off`];
await here.apply(
  cases.flatMap((one) => {
    const [on, off] = placesOf(one);
    return [namespace(on, { ...one.namespaceLabels, [label]: policyOf(one) }), namespace(off, one.namespaceLabels)];
  }),
);
await here.apply(
  cases.flatMap((one) =>
    placesOf(one).flatMap((place) => [
      // No token, whose volume has another name each time: the answers are compared.
      {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'default', namespace: place },
        automountServiceAccountToken: false,
      },
      ...[...keys]
        .filter(() => !one.secretMissing)
        .map(([name, key]) => ({
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name, namespace: place },
          data: { [key]: 'eA==' },
        })),
    ]),
  ),
);
await here.apply(configuration());

/** Starts the replica that knows what these settings say. */
async function replicaWith({ facts, images }: ReturnType<typeof settingsOf>, index: number): Promise<Replica> {
  const file = join(here.api.directory, `images-${index}.json`);
  writeFileSync(file, JSON.stringify(images));
  const replica = await here.addReplica(`replica-${index}`, [
    `--image-config=${file}`,
    // What is in no map here is never pulled, so no registry is asked either.
    '--lookup=true',
    `--native-sidecars=${String(facts.nativeSidecars)}`,
    `--image-volumes=${String(facts.imageVolumes)}`,
    `--openshift=${String(facts.openShift)}`,
    `--pod-security-default=${facts.podSecurityDefault}`,
    `--tools-image=${facts.toolsImage}`,
  ]);
  const registered = ['wait', '--for=condition=WebhookConfigured', 'ipol', '--all', '--timeout=60s'];
  if (index === 0) await until('every entry', async () => (await here.api.kubectl(registered)).exitCode === 0);
  await until(
    'its first pod',
    async () => (await here.created(probed, pod('probe'), '--dry-run=server')).status === 'injected',
  );
  return replica;
}

function send(place: string, text: string): Promise<KubectlResult> {
  return here.api.kubectl(
    ['create', '--dry-run=server', '--validate=warn', '-n', place, '-f', '-', '-o', 'json'],
    text,
  );
}

/** What is said in a cluster, where a golden case says where it stands otherwise: `shop`, and a text without a name. */
function inCluster(text: string, place: string): string {
  return text
    .replace('Secret shop/', `Secret ${place}/`)
    .replace(/\(policy_invalid\): (?=spec\.)/, `(policy_invalid): policy sysdig-broken: `);
}

/** Whether the API server creates the pod of a case without asking: its policy admits what the pod alone proves. */
function isExempt(one: GoldenCase, said: JsonObject): boolean {
  const reason = stringOf(said['reason']);
  const policy = documentsOf(one).find(({ kind }) => kind === 'InstrumentationPolicy');
  const { prefer, admitUninstrumented } = objectOf(policy?.['spec']) ?? {};
  const isAdmitted = prefer === 'Security' && listOf(admitUninstrumented).some((admitted) => admitted === reason);
  return isAdmitted && provenByPod.some((proven) => proven === reason);
}

/** A pod without what differs from one answer to the next, and without what no golden case can know. */
function comparable(result: KubectlResult): JsonObject {
  const { metadata, ...rest } = objectIn(result);
  const about = without(objectOf(metadata) ?? {}, ['name', 'namespace', 'uid', 'creationTimestamp']);
  // Its value is the version of the access key.
  const annotations = without(objectOf(about['annotations']) ?? {}, ['outrider.dev/credentials']);
  return { ...rest, metadata: { ...about, annotations } };
}

function without(object: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field)));
}

const groups = new Map<string, GoldenCase[]>();
for (const one of cases) {
  const key = JSON.stringify(settingsOf(one));
  groups.set(key, [...(groups.get(key) ?? []), one]);
}
let index = 0;
for (const members of groups.values()) {
  t.test(`${members.length} cases on one replica`, async (t) => {
    const [first] = members;
    if (first === undefined) return;
    const replica = await replicaWith(settingsOf(first), index++);
    for (const one of members) {
      await t.test(`${one.title} (${one.name})`, async (t) => {
        const [on, off] = placesOf(one);
        const report: unknown = JSON.parse(read(one.name, 'report.json'));
        const said = isObject(report) ? report : {};
        const validating = objectOf(said['validating']);
        const refused = stringOf(objectOf(said['apiServer'])?.['refused']);
        const result = await send(on, one.podText);
        if (refused !== undefined || validating?.['allowed'] === false) {
          t.not(result.exitCode, 0, result.stdout);
          const message = refused ?? inCluster(stringOf(validating?.['message']) ?? '?', on);
          t.ok(result.stderr.includes(message), `${result.stderr} says: ${message}`);
          return;
        }
        if (isExempt(one, said)) t.notMatch(result.stderr, 'outrider:', 'the API server does not ask (F20)');
        for (const warning of isExempt(one, said) ? [] : listOf(said['warnings'])) {
          const text = inCluster(stringOf(warning) ?? '?', on);
          t.ok(result.stderr.includes(`Warning: ${text}`), `${result.stderr} says: ${text}`);
        }
        t.same(comparable(result), comparable(await send(off, read(one.name, 'output.yaml'))));
      });
    }
    await here.kill(replica);
  });
}
