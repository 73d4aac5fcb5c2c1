import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { pathOf, resources } from '../client/resources.js';

/** What an installation's server is started with. */
export interface Installed {
  /** Flags of `outrider serve`, by name without dashes, each with its values in their order. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** The text of the file that a flag names, where it comes from a ConfigMap that may be read. */
  readonly files: ReadonlyMap<string, string>;
}

const fileFlags = ['image-config', 'registry-config'];

/**
 * Reads how an installation decides beside its policies: the flags of its Deployment, which is called after it, and the
 * files that they name. What is not there, or may not be read, is absent.
 */
export async function readInstallation(
  client: Pick<ApiClient, 'get'>,
  { instance, ownNamespace }: { readonly instance: string; readonly ownNamespace: string },
): Promise<Installed> {
  const read = (path: string): Promise<JsonObject | undefined> => client.get(path).catch(() => undefined);
  const deployment = await read(pathOf(resources.deployments, { namespace: ownNamespace, name: instance }));
  const spec = objectOf(objectOf(objectOf(deployment?.['spec'])?.['template'])?.['spec']) ?? {};
  const container = listOf(spec['containers'])
    .filter(isObject)
    .find(({ args }) => listOf(args)[0] === 'serve');
  if (container === undefined) return { flags: new Map(), files: new Map() };
  const flags = flagsIn(container);
  const files = new Map<string, string>();
  for (const flag of fileFlags) {
    const place = configMapOf(spec, container, flags.get(flag)?.at(-1) ?? '');
    if (place === undefined) continue;
    const configMap = await read(pathOf(resources.configMaps, { namespace: ownNamespace, name: place.name }));
    const text = stringOf(objectOf(configMap?.['data'])?.[place.key]);
    if (text !== undefined) files.set(flag, text);
  }
  return { flags, files };
}

function flagsIn(container: JsonObject): Installed['flags'] {
  const flags = new Map<string, readonly string[]>();
  for (const word of listOf(container['args'])) {
    const [, flag, value] = /^--([a-z-]+)=(.*)$/s.exec(stringOf(word) ?? '') ?? [];
    if (flag !== undefined && value !== undefined) flags.set(flag, [...(flags.get(flag) ?? []), value]);
  }
  return flags;
}

/** Where a file of a container comes from. */
function configMapOf(
  spec: JsonObject,
  container: JsonObject,
  path: string,
): { readonly name: string; readonly key: string } | undefined {
  const at = path.lastIndexOf('/');
  const mount = listOf(container['volumeMounts'])
    .filter(isObject)
    .find(({ mountPath }) => mountPath === path.slice(0, at));
  const volume = listOf(spec['volumes'])
    .filter(isObject)
    .find(({ name }) => mount !== undefined && name === mount['name']);
  const name = stringOf(objectOf(volume?.['configMap'])?.['name']);
  return name === undefined ? undefined : { name, key: path.slice(at + 1) };
}
