import { isObject, listOf, objectOf, stringOf, type JsonObject } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';
import { pathOf, resources } from '../client/resources.js';

/** How an installation's server is started. */
export interface Installed {
  /** The flags of `outrider serve`, by name without dashes, each with its values in order. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** The text of the file that a flag names, if it comes from a readable ConfigMap. */
  readonly files: ReadonlyMap<string, string>;
  /** The parts that cannot be read, in words. */
  readonly unread: readonly string[];
}

const fileFlags = ['image-config', 'registry-config'];

/**
 * Reads what an installation decides by, in addition to its policies: the flags of its Deployment, which has its name, and
 * the files that they name. Missing and unreadable parts are absent; unreadable ones are also reported.
 */
export async function readInstallation(
  client: Pick<ApiClient, 'get'>,
  { instance, ownNamespace }: { readonly instance: string; readonly ownNamespace: string },
): Promise<Installed> {
  const unread: string[] = [];
  const read = async (path: string, what: string): Promise<JsonObject | undefined> => {
    try {
      return await client.get(path);
    } catch (error) {
      if (isApiError(error, 'Forbidden')) unread.push(what);
      return undefined;
    }
  };
  const deployment = await read(
    pathOf(resources.deployments, { namespace: ownNamespace, name: instance }),
    `Deployment ${ownNamespace}/${instance}`,
  );
  const spec = objectOf(objectOf(objectOf(deployment?.['spec'])?.['template'])?.['spec']) ?? {};
  const container = listOf(spec['containers'])
    .filter(isObject)
    .find(({ args }) => listOf(args)[0] === 'serve');
  if (container === undefined) return { flags: new Map(), files: new Map(), unread };
  const flags = flagsIn(container);
  const files = new Map<string, string>();
  for (const flag of fileFlags) {
    const place = configMapOf(spec, container, flags.get(flag)?.at(-1) ?? '');
    if (place === undefined) continue;
    const configMap = await read(
      pathOf(resources.configMaps, { namespace: ownNamespace, name: place.name }),
      `ConfigMap ${ownNamespace}/${place.name}`,
    );
    const text = stringOf(objectOf(configMap?.['data'])?.[place.key]);
    if (text !== undefined) files.set(flag, text);
  }
  return { flags, files, unread };
}

function flagsIn(container: JsonObject): Installed['flags'] {
  const flags = new Map<string, readonly string[]>();
  for (const word of listOf(container['args'])) {
    const [, flag, value] = /^--([a-z-]+)=(.*)$/s.exec(stringOf(word) ?? '') ?? [];
    if (flag !== undefined && value !== undefined) flags.set(flag, [...(flags.get(flag) ?? []), value]);
  }
  return flags;
}

/** The source of a file in a container. */
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
