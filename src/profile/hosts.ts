import type { RecipeEnv } from '../model/recipe.js';
import { expandTemplate, type TemplateValues } from './template.js';

/** `HOST`, `HOST:PORT` or a URL, by the whole value. */
const location = /^(?:[a-z][a-z0-9+.-]*:\/\/(?:[^@/?#]*@)?)?([a-z0-9][a-z0-9.-]*)(:[0-9]{1,5})?(?:[/?#].*)?$/i;

/**
 * The hosts that a recipe names (F12): those that the profile lists, and those in whole values of variables and words of
 * the wrapper. A bare word counts only with a dot in it, since `info` and `auto` are names of hosts, too.
 *
 * @param listed templates; one whose setting has no value names none
 */
export function hostsOf(
  listed: readonly string[],
  values: TemplateValues,
  variables: readonly RecipeEnv[],
  words: readonly string[],
): readonly string[] {
  const hosts = new Set<string>();
  for (const template of listed) {
    const expansion = expandTemplate(template, values);
    if (expansion.ok) hosts.add(normal(expansion.text));
  }
  for (const { value } of variables) add(hosts, value);
  for (const word of words) add(hosts, word.slice(word.startsWith('-') ? word.indexOf('=') + 1 : 0));
  hosts.delete('');
  return [...hosts];
}

function add(hosts: Set<string>, value: unknown): void {
  if (typeof value !== 'string') return;
  const [, host, port] = location.exec(value) ?? [];
  if (host === undefined) return;
  const isName = port !== undefined || value.includes('://') || host.includes('.');
  if (isName && !/^[0-9.]+$/.test(host)) hosts.add(normal(host));
}

function normal(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}
