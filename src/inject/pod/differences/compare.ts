import { isArray, isObject, listOf, objectOf, stringOf, type JsonObject, type JsonValue } from '../../../model/json.js';
import { sameQuantity } from '../../../model/quantity.js';
import { same } from '../covers.js';
import { isAllowedByOperator, withoutDefaults } from './allowed.js';
import { compareAmounts } from './amounts.js';
import { noDifferences, type Difference, type Terms } from './difference.js';
import { containerRows, variableDefaults, volumeRows, type Row } from './table.js';
import { isTokenVariable, tokenPlaceOf, type TokenPlace } from './tokens.js';

const rows: ReadonlyMap<string, Row> = new Map([...containerRows, ...volumeRows].map((row) => [row.path, row]));
/** Fields of a container that are compared member by member. */
const sections: ReadonlySet<string> = new Set(['name', 'env', 'volumeMounts', 'securityContext', 'resources']);

/**
 * The places in which one of our containers in a pod is neither as planned nor as the table, a token's mount or the operator
 * allows. Every field of both sides counts, known or unknown. It allocates nothing for a container that is as it should be.
 */
export function containerDifferences(actual: JsonObject, planned: JsonObject, terms: Terms): readonly Difference[] {
  return new Comparison(actual, planned, terms).container();
}

/** The same for a volume of ours. */
export function volumeDifferences(actual: JsonObject, planned: JsonObject, terms: Terms): readonly Difference[] {
  return new Comparison(actual, planned, terms).volume();
}

class Comparison {
  readonly #actual: JsonObject;
  readonly #planned: JsonObject;
  readonly #terms: Terms;
  #differences: Difference[] | undefined;

  constructor(actual: JsonObject, planned: JsonObject, terms: Terms) {
    this.#actual = actual;
    this.#planned = planned;
    this.#terms = terms;
  }

  container(): readonly Difference[] {
    const [actual, planned] = [this.#actual, this.#planned];
    for (const field in planned) {
      if (!sections.has(field) && !isAlike(actual[field], planned[field])) this.#report([field], actual[field]);
    }
    for (const field in actual) {
      if (!has(planned, field) && !sections.has(field)) this.#extra(field, field, actual[field]);
    }
    this.#securityContext(objectOf(actual['securityContext']), objectOf(planned['securityContext']));
    const places = this.#mounts();
    this.#variables(places);
    if (actual['resources'] !== planned['resources']) {
      compareAmounts(actual['resources'], planned['resources'], this.#terms, this.#reportPlace);
    }
    return this.#differences ?? noDifferences;
  }

  volume(): readonly Difference[] {
    const [actual, planned] = [this.#actual, this.#planned];
    for (const field in actual) {
      if (!has(planned, field) && isThere(actual[field])) this.#report([field], actual[field]);
    }
    for (const field in planned) {
      if (field === 'name') continue;
      const [found, wanted] = [objectOf(actual[field]), objectOf(planned[field])];
      if (found === undefined || wanted === undefined) {
        this.#report([field], actual[field]);
        continue;
      }
      for (const key in wanted) {
        if (isAlike(found[key], wanted[key]) || (key === 'sizeLimit' && sameQuantity(found[key], wanted[key])))
          continue;
        this.#other(`${field}.${key}`, [field, key], found[key], wanted[key]);
      }
      for (const key in found) {
        if (!has(wanted, key)) this.#extra(`${field}.${key}`, [field, key], found[key]);
      }
    }
    return this.#differences ?? noDifferences;
  }

  #securityContext(actual: JsonObject | undefined, planned: JsonObject | undefined): void {
    if (actual === planned) return;
    for (const field in planned) {
      if (field === 'capabilities' || isAlike(actual?.[field], planned[field])) continue;
      this.#other(`securityContext.${field}`, ['securityContext', field], actual?.[field], planned[field]);
    }
    for (const field in actual) {
      if (field === 'capabilities' || has(planned, field)) continue;
      const value = actual[field];
      // A container's negative value here, such as runAsNonRoot, overrides the pod's.
      if (value === undefined || value === null) continue;
      this.#other(`securityContext.${field}`, ['securityContext', field], value, undefined);
    }
    const [found, wanted] = [objectOf(actual?.['capabilities']), objectOf(planned?.['capabilities'])];
    for (const field in wanted) {
      if (isAlike(found?.[field], wanted[field])) continue;
      const place = ['securityContext', 'capabilities', field];
      this.#other(`securityContext.capabilities.${field}`, place, found?.[field], wanted[field]);
    }
    for (const field in found) {
      if (has(wanted, field)) continue;
      this.#extra(`securityContext.capabilities.${field}`, ['securityContext', 'capabilities', field], found[field]);
    }
  }

  /** @returns the tokens' places that the container has mounted */
  #mounts(): readonly TokenPlace[] {
    const planned = listOf(this.#planned['volumeMounts']);
    let places: TokenPlace[] | undefined;
    let next = 0;
    for (const mount of listOf(this.#actual['volumeMounts'])) {
      const wanted = planned[next];
      if (wanted !== undefined && isAlike(mount, wanted)) {
        next += 1;
        continue;
      }
      const place = isObject(mount) ? tokenPlaceOf(mount, this.#planned, this.#terms) : undefined;
      if (place === undefined) this.#reportMember('volumeMounts', 'mountPath', mount);
      else (places ??= []).push(place);
    }
    this.#reportLacking('volumeMounts', 'mountPath', planned.slice(next).filter(this.#isNoToken));
    return places ?? noPlaces;
  }

  /**
   * A planned token may be absent. A pod's token volume can come after our patch, and without the token a container only has
   * fewer rights.
   */
  readonly #isNoToken = (mount: JsonValue): boolean =>
    !isObject(mount) || tokenPlaceOf(mount, this.#planned, this.#terms) === undefined;

  #variables(places: readonly TokenPlace[]): void {
    const planned = listOf(this.#planned['env']);
    let next = 0;
    for (const variable of listOf(this.#actual['env'])) {
      const wanted = planned[next];
      if (wanted !== undefined && isVariable(variable, wanted)) {
        next += 1;
        continue;
      }
      if (this.#isFromToken(variable, places)) continue;
      this.#reportMember('env', 'name', variable);
    }
    this.#reportLacking('env', 'name', planned.slice(next));
  }

  #isFromToken(variable: JsonValue, places: readonly TokenPlace[]): boolean {
    if (places.length === 0 || !isObject(variable)) return false;
    const name = stringOf(variable['name']) ?? '';
    return !this.#terms.reservedEnv.has(name) && !this.#plans('env', 'name', name) && isTokenVariable(variable, places);
  }

  #plans(list: string, key: string, name: string): boolean {
    return listOf(this.#planned[list]).some((member) => isObject(member) && member[key] === name);
  }

  /** A field that the plan does not have. */
  #extra(path: string, place: string | readonly string[], value: JsonValue | undefined): void {
    if (!isThere(value)) return;
    this.#other(path, typeof place === 'string' ? [place] : place, value, undefined);
  }

  /** A field that differs from the plan. The table may allow it. */
  #other(path: string, place: readonly string[], value: JsonValue | undefined, planned: JsonValue | undefined): void {
    const row = rows.get(path);
    if (row !== undefined && value !== undefined && value !== null) {
      if (row.allows(value, planned, this.#planned, this.#terms)) return;
    }
    this.#report(place, value);
  }

  readonly #reportPlace = (place: readonly string[], value: JsonValue | undefined): void => {
    this.#report(place, value);
  };

  #reportMember(list: string, key: string, member: JsonValue): void {
    const { [key]: name, ...rest } = objectOf(member) ?? {};
    const only = Object.keys(rest).length === 1 ? stringOf(rest['value']) : undefined;
    const value = only ?? (Object.keys(rest).length === 0 && list === 'env' ? '' : toJson(rest));
    this.#report([list, stringOf(name) ?? '?'], value);
  }

  /** Planned members that were not found in order, unless they were reported already. */
  #reportLacking(list: string, key: string, members: readonly JsonValue[]): void {
    for (const member of members) {
      const name = stringOf(objectOf(member)?.[key]) ?? '?';
      const isTold = this.#differences?.some(({ place }) => place[0] === list && place[1] === name) === true;
      if (!isTold) this.#report([list, name], undefined);
    }
  }

  #report(place: readonly string[], value: JsonValue | undefined): void {
    const difference = { part: this.#terms.part, place, value: withoutDefaults(value ?? null) };
    if (isAllowedByOperator(this.#terms.facts.ownPartsMayDiffer, difference)) return;
    (this.#differences ??= []).push(difference);
  }
}

const noPlaces: readonly TokenPlace[] = [];

function toJson(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return fields;
}

/** Whether an object has its own field with this name. Each object inherits some, such as `constructor`. */
function has(value: JsonObject | undefined, field: string): boolean {
  return value !== undefined && Object.hasOwn(value, field);
}

/** Whether there is a value that Kubernetes does not treat as absent. */
function isThere(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === '' || value === false) return false;
  return !(isArray(value) && value.length === 0);
}

/** Deep equality in which values that Kubernetes treats as absent equal absent ones. */
function isAlike(actual: JsonValue | undefined, planned: JsonValue | undefined): boolean {
  if (actual === planned) return true;
  if (!isThere(actual) && !isThere(planned)) return isSameNothing(actual, planned);
  if (!isObject(actual) || !isObject(planned)) return same(actual, planned);
  for (const field in planned) if (!isAlike(actual[field], planned[field])) return false;
  for (const field in actual) if (!has(planned, field) && isThere(actual[field])) return false;
  return true;
}

/** A field that is false, such as a container's runAsNonRoot, may mean something else than an absent one. */
function isSameNothing(actual: JsonValue | undefined, planned: JsonValue | undefined): boolean {
  return planned !== false || actual === false;
}

function isVariable(actual: JsonValue, planned: JsonValue): boolean {
  if (actual === planned) return true;
  return isObject(actual) && isObject(planned) && isAlikeBut(actual, planned, '');
}

/** {@link isAlike} for a variable, in which the API server fills in one or two fields. */
function isAlikeBut(actual: JsonObject, planned: JsonObject, at: string): boolean {
  for (const field in planned) {
    const [found, wanted] = [actual[field], planned[field]];
    if (isObject(found) && isObject(wanted)) {
      if (!isAlikeBut(found, wanted, at === '' ? field : `${at}.${field}`)) return false;
    } else if (isThere(found) || isThere(wanted)) {
      if (!same(found, wanted)) return false;
    }
  }
  for (const field in actual) {
    const found = actual[field];
    if (has(planned, field) || !isThere(found)) continue;
    if (variableDefaults[`${at}.${field}`] !== found) return false;
  }
  return true;
}
