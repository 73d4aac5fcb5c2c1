import { isArray, isObject, objectOf, stringOf, type JsonObject, type JsonValue } from '../../model/json.js';

/** An object of a document: the document's own, or one that it holds. */
export interface FoundObject {
  /** JSON pointer of it; empty for the document's own. */
  readonly path: string;
  readonly value: JsonObject;
  readonly apiVersion: string | undefined;
  readonly kind: string | undefined;
  /** Its name or generateName. */
  readonly name: string | undefined;
  readonly namespace: string | undefined;
}

/** Something that seems to hold containers but was not looked at. */
export interface Unseen {
  /** JSON pointer of it. */
  readonly path: string;
  /** Of the object that it is in; `undefined` where that says none. */
  readonly kind: string | undefined;
  readonly name: string | undefined;
  readonly detail: string;
  readonly remedy: string;
}

/** What an object may leave out in a list that gives its items' kind. */
interface Listed {
  readonly apiVersion: string | undefined;
  readonly kind: string | undefined;
}

/**
 * The objects of a document: itself, or, of a list (`List`, `DeploymentList`, …) and of OpenShift's `Template`, those in it,
 * nested ones too. Empty for anything but a mapping.
 */
export function objectsIn(value: JsonValue): readonly FoundObject[] {
  return unfold(value, '', { apiVersion: undefined, kind: undefined });
}

function unfold(value: JsonValue | undefined, path: string, listed: Listed): readonly FoundObject[] {
  if (!isObject(value)) return [];
  const apiVersion = stringOf(value['apiVersion']) ?? listed.apiVersion;
  const kind = stringOf(value['kind']) ?? listed.kind;
  const held = heldIn(value, apiVersion, kind);
  if (held !== undefined) {
    return held.items.flatMap((item, index) => unfold(item, `${path}/${held.field}/${index}`, held.listed));
  }
  const metadata = objectOf(value['metadata']);
  const name = stringOf(metadata?.['name']) ?? stringOf(metadata?.['generateName']);
  return [{ path, value, apiVersion, kind, name, namespace: stringOf(metadata?.['namespace']) }];
}

function heldIn(
  value: JsonObject,
  apiVersion: string | undefined,
  kind: string | undefined,
): { readonly field: string; readonly items: readonly JsonValue[]; readonly listed: Listed } | undefined {
  const { items, objects } = value;
  if (kind?.endsWith('List') === true && isArray(items)) {
    const listed =
      kind === 'List' ? { apiVersion: undefined, kind: undefined } : { apiVersion, kind: kind.slice(0, -4) };
    return { field: 'items', items, listed };
  }
  // Old OpenShift had it in the core group.
  const isTemplate = kind === 'Template' && (apiVersion === 'template.openshift.io/v1' || apiVersion === 'v1');
  if (!isTemplate || !isArray(objects)) return undefined;
  return { field: 'objects', items: objects, listed: { apiVersion: undefined, kind: undefined } };
}
