import { editDocument } from '../../documents/edit/edit.js';
import { carriedOut, type CarriedOut } from '../../documents/edit/template-edit.js';
import { readManifests, type ManifestDocument } from '../../documents/manifest/manifest.js';
import { OutriderError } from '../../model/error.js';
import { isArray, isObject, type JsonObject } from '../../model/json.js';
import { readSettings } from '../../settings/settings.js';
import { exitCodes, type CommandDefinition, type Invocation } from '../command.js';
import { oneLine } from '../errors.js';
import { readInputs } from '../files/inputs.js';
import { lookupSettingKeys } from '../image/lookups.js';
import { openImages } from '../image/open-images.js';
import { fixedEngine } from '../offline/fixed-engine.js';
import { templateInstrumenter, type InstrumentedTemplate } from '../offline/instrument-templates.js';
import { readFunctionConfig, type FunctionConfig } from './function-config.js';
import { resultsOf, type FailOn, type FunctionResult } from './results.js';

/** `outrider fn`: `inject` as a KRM function, for kustomize, kpt and other programs that use ResourceList. */
export const command: CommandDefinition = {
  configure(command, { programName }) {
    command.addHelpText(
      'after',
      `
It reads a ResourceList (config.kubernetes.io/v1) from standard input and writes it to standard output, its items
instrumented by the policies of functionConfig: an InstrumentFunction, an InstrumentationPolicy, or a ConfigMap with files of
policies as data. What was decided is in results, and what needs somebody is on standard error, too.

Example:
  kustomize build --enable-alpha-plugins --enable-exec .   (with ${programName} fn as a transformer)

Exit codes: 0 done; 1 an item may not run uninstrumented under its policy, or what failOn names: the items are left as
they are; 2 bad input.`,
    );
  },
  run: fn,
};

async function fn({ io }: Invocation): Promise<number> {
  const [input] = await readInputs(['-'], io);
  const document = resourceListIn(input?.text ?? '');
  const config = readFunctionConfig(document.value['functionConfig']);
  const { edits, text, failOn } = await decide(document, config, io);
  const results = resultsOf(edits, document, failOn);
  const isRefused = results.some(({ severity }) => severity === 'error');
  const op = document.value['results'] === undefined ? 'add' : 'replace';
  const said = results.length === 0 ? [] : [{ op, path: '/results', value: results.map(asObject) } as const];
  // A caller that ignores the exit code must not get half of the output.
  io.stdout.write(editDocument(isRefused ? document.text : text, said));
  for (const { severity, message } of results) {
    if (severity !== 'info') io.stderr.write(`outrider: ${severity}: ${oneLine(message)}\n`);
  }
  return isRefused ? exitCodes.findings : exitCodes.ok;
}

/** A document that is a ResourceList. */
type ResourceList = ManifestDocument & { readonly value: JsonObject };

function resourceListIn(text: string): ResourceList {
  const [document, second] = readManifests(text, '-').filter(({ value }) => value !== null);
  const isOne = (found: ManifestDocument | undefined): found is ResourceList =>
    found?.kind === 'ResourceList' && isObject(found.value) && isArray(found.value['items'] ?? []);
  if (isOne(document) && second === undefined) return document;
  throw new OutriderError(
    'manifest_invalid',
    'standard input is no ResourceList (config.kubernetes.io/v1); an orchestrator such as kustomize gives one. For manifests there is inject.',
    { file: '-' },
  );
}

/** The resulting items, and which results are errors. */
interface Decided extends CarriedOut<InstrumentedTemplate> {
  readonly failOn: readonly FailOn[];
}

async function decide(
  document: ResourceList,
  { files, facts = {}, namespace, lookup = false, failOn = [] }: FunctionConfig,
  io: Invocation['io'],
): Promise<Decided> {
  const settings = readSettings({ flags: { lookup }, env: io.env }, lookupSettingKeys);
  const fixed = await fixedEngine({
    files,
    documents: [document],
    facts,
    openImages: (map) => openImages({ map, settings, io }),
  });
  const engine = { ...fixed, namespaces: fixed.namespaces(namespace ?? 'default') };
  const instrumenter = templateInstrumenter(engine, { only: [], trace: false });
  const edits: InstrumentedTemplate[] = [];
  try {
    for (const template of document.templates) edits.push(await instrumenter.pod(template));
    for (const template of document.tasks) edits.push(await instrumenter.task(template));
  } finally {
    await fixed.images.close();
  }
  const carried = (instrumenter.carryOut ?? carriedOut)(document.text, edits);
  // It is not known which policy an item is under if it was not looked at (the same as in `inject`).
  const insists = fixed.engine.rules.policies.ranked.some(
    (policy) => policy.valid && policy.spec.prefer === 'Security' && policy.spec.mode === 'Inject',
  );
  return { ...carried, failOn: insists ? [...failOn, 'NotLookedAt'] : failOn };
}

function asObject({ message, severity, about }: FunctionResult): JsonObject {
  return { message, severity, ...about };
}
