import { isArray, listOf, objectOf, type JsonObject, type JsonValue } from '../../model/json.js';
import { formatQuantity, parseQuantity } from '../../model/quantity.js';
import { defaultPullPolicy, fieldRefApiVersion, writtenDefaults } from '../../model/server-defaults.js';

// The API server writes defaults into what it is given and amounts in its own way. A condition of its policies compares parts
// whole, so that the parameters have them as they stand in a pod.

/** One of our containers as it stands in a pod that the API server took. */
export function containerAsStored(container: JsonObject): JsonObject {
  const { image, env, resources, ...rest } = container;
  const variables = listOf(env).map(variableAsStored);
  return withoutEmpty({
    ...rest,
    ...(image === undefined ? {} : { image, imagePullPolicy: defaultPullPolicy(image) }),
    terminationMessagePath: writtenDefaults.terminationMessagePath,
    terminationMessagePolicy: writtenDefaults.terminationMessagePolicy,
    ...(variables.length === 0 ? {} : { env: variables }),
    resources: resourcesAsStored(objectOf(resources) ?? {}),
  });
}

/** One of our volumes as it stands in such a pod. */
export function volumeAsStored(volume: JsonObject): JsonObject {
  const emptyDir = objectOf(volume['emptyDir']);
  if (emptyDir !== undefined) {
    const { sizeLimit, ...rest } = emptyDir;
    return { ...volume, emptyDir: { ...rest, ...(sizeLimit === undefined ? {} : { sizeLimit: amount(sizeLimit) }) } };
  }
  const image = objectOf(volume['image']);
  if (image === undefined) return volume;
  return { ...volume, image: { ...image, pullPolicy: defaultPullPolicy(image['reference']) } };
}

/** A variable without an empty value, and with the version that references to fields get. */
export function variableAsStored(variable: JsonValue): JsonObject {
  const { value, valueFrom, ...rest } = objectOf(variable) ?? {};
  const fieldRef = objectOf(objectOf(valueFrom)?.['fieldRef']);
  const from =
    fieldRef === undefined
      ? valueFrom
      : { ...objectOf(valueFrom), fieldRef: { apiVersion: fieldRefApiVersion, ...fieldRef } };
  return {
    ...rest,
    ...(value === undefined || value === '' ? {} : { value }),
    ...(from === undefined ? {} : { valueFrom: from }),
  };
}

/** A mount without what says no more than its absence. */
export function mountAsStored(mount: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(mount).filter(([, value]) => value !== false && value !== ''));
}

/** What is limited and not requested is requested as much. */
function resourcesAsStored({ requests, limits, ...rest }: JsonObject): JsonObject {
  const most = amounts(limits);
  const asked = { ...most, ...amounts(requests) };
  return {
    ...rest,
    ...(Object.keys(most).length === 0 ? {} : { limits: most }),
    ...(Object.keys(asked).length === 0 ? {} : { requests: asked }),
  };
}

function amounts(of: JsonValue | undefined): JsonObject {
  return Object.fromEntries(Object.entries(objectOf(of) ?? {}).map(([name, value]) => [name, amount(value ?? null)]));
}

/** Suffixes in which the API server keeps an amount of the family, from the largest on. */
const decimals: readonly (readonly [bigint, string])[] = [
  [10n ** 18n, 'E'],
  [10n ** 15n, 'P'],
  [10n ** 12n, 'T'],
  [10n ** 9n, 'G'],
  [10n ** 6n, 'M'],
  [10n ** 3n, 'k'],
];
const largerBinaries: readonly (readonly [bigint, string])[] = [
  [1n << 60n, 'Ei'],
  [1n << 50n, 'Pi'],
];
const billion = 1_000_000_000n;

/** A quantity in the API server's canonical form (apimachinery `resource.Quantity`, `CanonicalizeBytes`). */
function amount(value: JsonValue): JsonValue {
  if (typeof value !== 'string' && typeof value !== 'number') return value;
  const text = String(value);
  const billionths = parseQuantity(text);
  if (billionths === undefined || billionths === 0n) return billionths === 0n ? '0' : value;
  const isBinary = text.endsWith('i');
  // Under 1024 of them binary amounts are written as plain numbers, as formatQuantity does too.
  for (const [size, suffix] of isBinary ? largerBinaries : decimals) {
    const unit = size * billion;
    if (billionths % unit === 0n) return /[eE][+-]?[0-9]+$/.test(text) ? value : `${billionths / unit}${suffix}`;
  }
  return /[eE][+-]?[0-9]+$/.test(text) ? value : formatQuantity(billionths, isBinary);
}

function withoutEmpty(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !isArray(value) || value.length > 0));
}
