import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { createDoor } from '../../src/admission/handler.js';
import type { Door } from '../../src/model/decision.js';
import type { JsonObject } from '../../src/model/json.js';
import { names } from '../../src/model/names.js';
import { WebhookServer } from '../../src/server/webhook.js';
import { workplace } from '../cli/harness.js';
import { makePair, observers } from '../server/harness.js';
import { readAnswer, reviewOf } from '../support/engine.js';
import { at, draft, drop, isDraftObject, patched, textOf } from '../support/json.js';
import { dataOf, engineFor, read, readCases, type GoldenCase } from './cases.js';

const cases = readCases();

/** A policy that is not valid keeps the offline command from starting, where the server goes on without it. */
const refused: Readonly<Record<string, RegExp>> = {
  'broken-policy': /spec/,
};

/** Only a cluster knows whether a Secret is there: offline, the pod is instrumented. */
const knownInClusterAlone = new Set(['secret-missing']);

t.test('every case, over TLS through the server', async (t) => {
  const { ca, pair } = await makePair();
  const { logger, metrics } = await observers();
  const limits = { maxBodyBytes: 1 << 23, maxInFlight: 8, defaultTimeoutMs: 10_000, timeoutMarginMs: 500 };
  const server = new WebhookServer({ pair, limits, logger, metrics });
  t.teardown(() => server.close(0));
  const port = await server.listen({ host: '127.0.0.1', port: 0 });

  const post = async (door: Door, review: JsonObject) => {
    const headers = { 'content-type': 'application/json' };
    const path = `/${door}/pods?timeout=10s`;
    const body = await new Promise<string>((resolve, reject) => {
      const call = request(
        { host: '127.0.0.1', servername: 'localhost', port, path, method: 'POST', ca, headers },
        (response) => {
          t.equal(response.statusCode, 200, path);
          text(response).then(resolve, reject);
        },
      );
      call.on('error', reject);
      call.end(JSON.stringify(review));
    });
    return readAnswer(body);
  };

  for (const one of cases) {
    const options = {
      engine: () => engine,
      namespaceLabels: () => one.namespaceLabels,
      onReviewed: () => undefined,
      onFailure: (error: unknown) => void t.error(error, one.name),
    };
    const engine = engineFor(one);
    server.setHandlers({ pods: { mutate: createDoor('mutate', options), validate: createDoor('validate', options) } });
    const report: unknown = JSON.parse(read(one.name, 'report.json'));
    const pod = dataOf(one.podText);
    const mutated = await post('mutate', reviewOf(pod));
    t.match(report, { auditAnnotations: mutated.audit, warnings: mutated.warnings }, one.name);
    const output = patched(pod, mutated.patch);
    t.same(output, dataOf(read(one.name, 'output.yaml')), `${one.name}: output.yaml`);
    const validated = await post('validate', reviewOf(output));
    t.match(report, { validating: { allowed: validated.allowed, reason: validated.audit['reason'] } }, one.name);
  }
});

t.test('every case, through outrider inject', async (t) => {
  for (const one of cases) {
    const place = await workplace(t, { 'pod.yaml': one.podText, 'policy.yaml': one.configuration });
    const { code, stdout, stderr } = await place.outrider(['inject', '-f', 'pod.yaml', ...flagsOf(one)]);
    const pattern = refused[one.name];
    if (pattern !== undefined) {
      t.equal(code, 2, one.name);
      t.match(stderr, pattern, one.name);
      continue;
    }
    const allowed = at(dataOf(read(one.name, 'report.json')), 'validating', 'allowed') === true;
    t.equal(code, allowed ? 0 : 1, `${one.name}: ${stderr}`);
    if (!allowed) {
      t.equal(stdout, '', `${one.name}: nothing is written`);
      continue;
    }
    const plain = draft(dataOf(stdout));
    if (knownInClusterAlone.has(one.name)) {
      t.match(plain, { metadata: { labels: { [names.status]: 'injected' } } }, one.name);
      continue;
    }
    const { metadata } = plain;
    if (isDraftObject(metadata) && isDraftObject(metadata['annotations'])) drop(metadata['annotations'], names.undo);
    t.equal(textOf(plain), textOf(dataOf(read(one.name, 'output.yaml'))), one.name);
  }
});

function flagsOf({ facts, namespaceLabels }: GoldenCase): readonly string[] {
  const { imageVolumes = false, nativeSidecars = true, openShift = false, podSecurityDefault = 'privileged' } = facts;
  const labels = Object.entries(namespaceLabels).map(([name, value]) => `${name}=${value}`);
  return [
    '--policy=policy.yaml',
    '--namespace=shop',
    ...(labels.length === 0 ? [] : [`--namespace-labels=${labels.join(',')}`]),
    `--image-volumes=${imageVolumes}`,
    `--native-sidecars=${nativeSidecars}`,
    `--openshift=${openShift}`,
    `--pod-security-default=${podSecurityDefault}`,
  ];
}
