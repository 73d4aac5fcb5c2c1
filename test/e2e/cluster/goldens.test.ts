import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { isObject, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { startApiServer } from './api-server.js';
import { minorOf, neededMinor } from './node.js';
import type { KubectlResult } from './kubectl.js';

t.setTimeout(900_000);

const folder = join('test', 'golden');

/** What a golden case says about the API server, and what that depends on. */
interface Golden {
  readonly name: string;
  /** Part of the API server's message when it refuses the output; `undefined` when it accepts it. */
  readonly refusal: string | undefined;
  readonly namespace: JsonObject;
}

const goldens = readdirSync(folder)
  .filter((name) => existsSync(join(folder, name, 'report.json')))
  .map(readGolden);

function readGolden(name: string): Golden {
  const about: unknown = parse(textOf(name, 'case.yaml'));
  const report: unknown = JSON.parse(textOf(name, 'report.json'));
  if (!isObject(about) || !isObject(report)) throw new Error(`${name} is no golden case`);
  const said = report['apiServer'];
  const refusal = stringOf(objectOf(said)?.['refused']);
  if (said !== 'accepted' && refusal === undefined)
    throw new Error(`${name}/report.json says nothing of the API server`);
  const labels = about['namespaceLabels'] ?? {};
  return { name, refusal, namespace: { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } } };
}

function textOf(name: string, file: string): string {
  return readFileSync(join(folder, name, file), 'utf8');
}

const api = await startApiServer({ controllerManager: false });
t.teardown(() => api.stop());
const minor = await minorOf(api);
const serviceAccounts = goldens.map(({ name }) => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'default', namespace: name },
}));
for (const items of [goldens.map(({ namespace }) => namespace), serviceAccounts]) {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const { exitCode, stderr } = await api.kubectl(['create', '-f', '-'], list);
  if (exitCode !== 0) throw new Error(stderr);
}

/** Has a case's file checked by the API server. Fields it does not know become warnings. */
function check(name: string, file: 'pod.yaml' | 'output.yaml'): Promise<KubectlResult> {
  // Not apply, which takes no generateName; the API server checks both in the same way.
  const flags = ['--dry-run=server', '--validate=warn', '-n', name];
  return api.kubectl(['create', '-f', '-', ...flags], textOf(name, file));
}

function unknownFields({ stderr }: KubectlResult): readonly string[] {
  return [...stderr.matchAll(/unknown field "([^"]*)"/g)].map(([, field = '']) => field);
}

t.ok(goldens.length >= 45, `${goldens.length} golden cases`);
for (const { name, refusal } of goldens) {
  const needed = neededMinor(name);
  if (minor < needed) {
    t.comment(`${name}: needs Kubernetes 1.${needed}`);
    continue;
  }
  t.test(`${name}: the API server ${refusal === undefined ? 'accepts' : 'refuses'} the output`, async (t) => {
    const result = await check(name, 'output.yaml');
    if (refusal === undefined) {
      t.equal(result.exitCode, 0, result.stderr);
    } else {
      t.not(result.exitCode, 0, result.stdout);
      t.ok(result.stderr.includes(refusal), `${result.stderr} says: ${refusal}`);
    }
    const unknown = unknownFields(result);
    if (unknown.length > 0) t.same(unknown, unknownFields(await check(name, 'pod.yaml')), 'the user’s own (E30)');
  });
}
