import fc from 'fast-check';
import jsonpatch from 'fast-json-patch';
import { applyPatch } from 'rfc6902';
import t from 'tap';
import { parse } from 'yaml';
import { readManifests } from '../../src/documents/manifest.js';
import { diffTexts } from '../../src/documents/diff.js';
import { editDocument } from '../../src/documents/yaml-edit.js';
import { isArray, isObject, type JsonObject, type JsonValue } from '../../src/model/json.js';
import type { Operation } from '../../src/model/patch.js';
import { draws, jsonObject, operationOn, writing, Writer, type Draw } from './generated.js';

function plan(start: JsonValue, drawn: readonly Draw[]): { operations: Operation[]; result: JsonValue } {
  const operations: Operation[] = [];
  let result = start;
  for (const draw of drawn) {
    const operation = operationOn(result, draw);
    if (operation === undefined) continue;
    operations.push(operation);
    result = jsonpatch.applyPatch<JsonValue>(result, structuredClone([operation]), true, false).newDocument;
  }
  return { operations, result };
}

function valueOf(text: string): JsonValue | undefined {
  return readManifests(text, 'generated')[0]?.value;
}

function attempt(text: string, operations: readonly Operation[]): string {
  try {
    if (process.env.TR) console.error('IN', JSON.stringify(text), JSON.stringify(operations));
    const r = editDocument(text, operations);
    if (process.env.TR) console.error('OUT');
    return r;
  } catch (error) {
    throw new Error(`cannot apply ${JSON.stringify(operations)} to\n${text}`, { cause: error });
  }
}

t.test('property: an edited YAML document reads as two patch libraries say', (t) => {
  fc.assert(
    fc.property(jsonObject, writing, draws, (value, how, drawn) => {
      const text = new Writer(how).document(value);
      const { operations, result } = plan(value, drawn);
      const edited = attempt(text, operations);
      const second = structuredClone(value);
      const errors = applyPatch(second, structuredClone(operations) as Parameters<typeof applyPatch>[1]);
      if (errors.some((error) => error !== null)) throw new Error('the second library refuses the patch');
      t.strictSame(second, result);
      if (JSON.stringify(valueOf(edited)) !== JSON.stringify(result)) throw new Error(`reads differently:\n${edited}`);
    }),
    { numRuns: Number(process.env.RUNS ?? 300) },
  );
  t.end();
});
