import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { listOf, objectOf, stringOf } from '../../model/json.js';
import type { Io } from '../io.js';

/**
 * The context names in a kubeconfig, or in the kubeconfigs that kubectl would use. Reads them without the Kubernetes client,
 * which takes a second to load. A file that cannot be read has none.
 *
 * @param file what `--kubeconfig` says
 */
export async function contextNames(file: string | undefined, { env, cwd }: Io): Promise<readonly string[]> {
  const given = file === undefined ? (env['KUBECONFIG'] ?? '').split(delimiter) : [file];
  const named = given.filter((path) => path !== '');
  const home = env['HOME'] ?? homedir();
  const paths = named.length > 0 ? named.map((path) => resolve(cwd, path)) : [join(home, '.kube', 'config')];
  const lists = await Promise.all(paths.map(contextsIn));
  return [...new Set(lists.flat())];
}

async function contextsIn(path: string): Promise<readonly string[]> {
  try {
    const config: unknown = parse(await readFile(path, 'utf8'));
    return listOf(objectOf(config)?.['contexts']).flatMap((each) => stringOf(objectOf(each)?.['name']) ?? []);
  } catch {
    return [];
  }
}
