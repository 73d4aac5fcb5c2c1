import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { isArray, isObject, stringOf, type JsonObject } from '../../src/model/json.js';
import type { Operation } from '../../src/model/patch.js';
import { applyCompany, readCompanies } from '../support/company.js';
import { members, nameOf, patched, patchedBySecond } from '../support/json.js';

const folder = new URL('../../../test/fixtures/forged/', import.meta.url);

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
}

function isAdd(value: unknown): value is Operation {
  return isObject(value) && value['op'] === 'add' && stringOf(value['path']) !== undefined && 'value' in value;
}

function injected(): JsonObject {
  const pod = read('injected.json');
  if (!isObject(pod)) throw new Error('no pod');
  return pod;
}

t.test('every patch fits the injected pod, and changes it', (t) => {
  const patches = readdirSync(folder).filter((name) => name.endsWith('.patch.json'));
  t.ok(patches.length >= 5);
  for (const name of patches) {
    const operations = read(name);
    if (!isArray(operations) || !operations.every(isAdd)) throw new Error(`${name} is no patch of additions`);
    const forged = patched(injected(), operations);
    t.same(patchedBySecond(injected(), operations), forged, name);
    t.notSame(forged, injected(), name);
  }
  t.end();
});

t.test('the injected pod is as the README says', (t) => {
  t.same(members(injected(), 'initContainers').map(nameOf), [
    'sysdig-workload-agent-tools',
    'sysdig-workload-agent-copy',
    'sysdig-workload-agent',
  ]);
  t.end();
});

t.test('a pod that a real API server has filled in lacks none of the defaults read in its source', (t) => {
  const defaults = readCompanies().get('api-server-defaults-1.36.3');
  if (defaults === undefined) throw new Error('no defaults');
  const { metadata, ...rest } = applyCompany(injected(), defaults);
  const { metadata: given, ...before } = injected();
  t.same(rest, before);
  t.match(metadata, given, 'but for the generation, which the case leaves out with the other system fields');
  t.end();
});
