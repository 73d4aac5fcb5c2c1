import type { Credential } from '../types.js';
import { globMatches } from './glob.js';

/** A credential and the place it is for, as a docker config writes it: `https://index.docker.io/v1/`, `*.corp:5000/team`. */
export interface KeyringEntry {
  readonly location: string;
  readonly credential: Credential;
}

interface Place {
  readonly labels: readonly string[];
  readonly port: string;
  readonly path: string;
}

/**
 * Finds the credentials for an image as the kubelet does (kubernetes, pkg/credentialprovider, keyring.go; E11). Places
 * are compared host label by host label with globs, with equal ports, and a path that starts with the place's; they are
 * tried in reverse lexicographic order, so `quay.io/team` comes before `quay.io`, and entries of one place in the order
 * given. Credentials for `index.docker.io` serve Docker Hub's images when nothing else does. A place that is not a host
 * is left out.
 */
export class Keyring {
  readonly #byKey = new Map<string, Credential[]>();
  readonly #index: readonly { readonly place: Place; readonly credentials: readonly Credential[] }[];

  /** @param entries in the order of the Secrets they come from */
  constructor(entries: readonly KeyringEntry[]) {
    for (const entry of entries) this.#add(entry);
    this.#index = [...this.#byKey]
      .sort(([one], [other]) => byBytes(other, one))
      .map(([key, credentials]) => ({ place: placeOf(key), credentials }));
  }

  /** Every credential for `registry/repository`, the one with the most specific place first. */
  find(image: string): readonly Credential[] {
    const target = placeOf(image);
    const found = this.#index.filter(({ place }) => matches(place, target)).flatMap(({ credentials }) => credentials);
    if (found.length > 0) return found;
    return isOfDockerHub(image) ? (this.#byKey.get('index.docker.io') ?? []) : [];
  }

  #add({ location, credential }: KeyringEntry): void {
    const key = placeKey(location);
    if (key === undefined) return;
    const list = this.#byKey.get(key);
    if (list === undefined) this.#byKey.set(key, [credential]);
    else list.push(credential);
  }
}

/**
 * A place as it is compared, `host[:port][/path]` without scheme and user: `/v1/` and `/v2/` at the front of the path
 * mean the host alone. `undefined` for what is not a host.
 */
export function placeKey(location: string): string | undefined {
  const bare = location.replace(/^https?:\/\//, '').replace(/[?#].*$/s, '');
  const slash = bare.indexOf('/');
  const host = (slash < 0 ? bare : bare.slice(0, slash)).replace(/^.*@/s, '');
  const path = (slash < 0 ? '' : bare.slice(slash)).replace(/^\/v[12](?=\/)/, '');
  if (host === '' || /\s/.test(host)) return undefined;
  return path === '' || path === '/' ? host : host + path;
}

/** Whether credentials for a place, as {@link placeKey} gives it, would be for `registry/repository`. */
export function isFor(place: string, image: string): boolean {
  if (matches(placeOf(place), placeOf(image))) return true;
  return place === 'index.docker.io' && isOfDockerHub(image);
}

function isOfDockerHub(image: string): boolean {
  return /^(index\.)?docker\.io\//.test(image);
}

function placeOf(key: string): Place {
  const slash = key.indexOf('/');
  const authority = slash < 0 ? key : key.slice(0, slash);
  const path = slash < 0 ? '' : key.slice(slash);
  const [, host = authority, port = ''] = /^(\[[0-9a-f:]+\]|[^:]*):(\d*)$/i.exec(authority) ?? [];
  // An IPv6 address in brackets is no class of characters.
  return { labels: host.replace(/^\[([0-9a-f:]*:[0-9a-f:]*)\]$/i, '$1').split('.'), port, path };
}

function matches(glob: Place, target: Place): boolean {
  if (glob.port !== target.port || glob.labels.length !== target.labels.length) return false;
  // The kubelet compares characters, not path segments: `/team` is for `/teamwork/app` too.
  if (!target.path.startsWith(glob.path)) return false;
  return glob.labels.every((label, at) => globMatches(label, target.labels[at] ?? ''));
}

/** Go sorts strings by their bytes. */
function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
