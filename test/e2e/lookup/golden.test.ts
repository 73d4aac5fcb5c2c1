import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import jsonpatch from 'fast-json-patch';
import t from 'tap';
import { stringify } from 'yaml';
import { cloneOperation } from '../../../src/model/patch.js';
import { cloneJson, listOf, objectOf, type JsonObject } from '../../../src/model/json.js';
import { startRegistry } from '../registry/harness.js';
import { makeUmociImage, push } from '../registry/images.js';
import type { Reviewed } from '../review.js';
import { startServing } from '../serving.js';
import { namespaceOf, podOf, policyOf } from './documents.js';

// OUTRIDER_UPDATE_GOLDEN=1 writes the files again; the difference is read in review.
const update = process.env['OUTRIDER_UPDATE_GOLDEN'] === '1';
const golden = fileURLToPath(new URL('../../../../test/e2e/lookup/golden', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'outrider-e2e-'));
const registry = await startRegistry(directory, { mode: 'none' });

interface Shape {
  readonly entrypoint: string;
  readonly cmd: readonly string[];
  readonly container?: JsonObject;
}

const dollars = 'echo $HOME $(HOME) $$(HOME) $$ ${HOME} \\$ $';
const shapes: Readonly<Record<string, Shape>> = {
  'e1-command': {
    entrypoint: '/image',
    cmd: ['from-image'],
    container: { command: ['/own', '$(HOME)'], args: ['$$x'] },
  },
  'e2-args': { entrypoint: '/image', cmd: ['from-image'], container: { args: ['own', '$(HOME)'] } },
  'e3-neither': { entrypoint: '/image', cmd: ['from-image', '--flag'] },
  'e4-cmd-only': { entrypoint: '', cmd: ['/image', 'serve'] },
  'e5-nothing': { entrypoint: '', cmd: [] },
  'e6-dollars': { entrypoint: '/bin/$sh', cmd: ['-c', dollars] },
};

await push(registry, await makeUmociImage(directory, '/agent', []), 'sysdig/agent:1');
await Promise.all(
  Object.entries(shapes).map(async ([name, { entrypoint, cmd }]) => {
    const folder = join(directory, name);
    mkdirSync(folder);
    await push(registry, await makeUmociImage(folder, entrypoint, cmd), `acme/${name}:1`);
  }),
);
const documents = [namespaceOf('web'), policyOf('web', {}, `${registry.host}/sysdig/agent:1`)];
const registries = { hosts: [{ host: registry.host, plainHttp: true }], egress: { allow: [registry.host] } };
const servers = await Promise.all(
  [true, false].map(async (lookup) => ({
    lookup,
    server: await startServing({ parent: directory, documents, registries, flags: [`--lookup=${lookup}`] }),
  })),
);
t.teardown(async () => {
  await Promise.all(servers.map(({ server }) => server.stop()));
  await registry.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** The pod after the webhook, as the API server has it. */
function admitted(pod: JsonObject, { patch }: Reviewed): JsonObject {
  const { newDocument } = jsonpatch.applyPatch(cloneJson(pod), patch.map(cloneOperation), true);
  return objectOf(newDocument) ?? {};
}

/** The pod with the names of what was put before the workload; its parts are the same for every workload. */
function short(pod: JsonObject): JsonObject {
  const spec = objectOf(pod['spec']);
  const added = listOf(spec?.['initContainers']).map((container) => objectOf(container)?.['name'] ?? null);
  return added.length === 0 ? pod : { ...pod, spec: { ...spec, initContainers: added } };
}

/** The port, and with it the recipe's hash, are others each time. */
function steady(text: string): string {
  return text.replaceAll(registry.host, 'registry.example').replaceAll(/(sysdig\/\d+)\/[0-9a-f]{12}/g, '$1/HASH');
}

for (const [name, { container = {} }] of Object.entries(shapes)) {
  t.test(`${name.replace('-', ': ').toUpperCase()}, with and without look-up`, async (t) => {
    const pod = podOf('web', `${registry.host}/acme/${name}:1`, container);
    const texts: string[] = [];
    for (const { lookup, server } of servers) {
      const reviewed = await server.review(pod);
      const after = admitted(pod, reviewed);
      const { verdict, warnings } = reviewed;
      texts.push(
        steady(stringify({ lookup, verdict, warnings, pod: short(after) }, { lineWidth: 0, singleQuote: true })),
      );
      t.strictSame((await server.review(after)).patch, [], 'a second pass changes nothing');
      t.ok((await server.review(after, { door: 'validate' })).allowed);
    }
    const file = join(golden, `${name}.yaml`);
    const text = texts.join('---\n');
    if (update) writeFileSync(file, text);
    t.equal(text, readFileSync(file, 'utf8'));
  });
}
