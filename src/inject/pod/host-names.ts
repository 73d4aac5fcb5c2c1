import { isObject, listOf, stringOf, type JsonObject } from '../../model/json.js';

/**
 * The part of a pod that redirects a host which the agent talks to, for people: its `hostAliases`, or its own name. The
 * kubelet writes both into the hosts file of every container (F12).
 *
 * @param hosts in lower case; `*.NAME` for all hosts below a name
 */
export function redirectedHost(spec: JsonObject, hosts: readonly string[]): string | undefined {
  const { hostAliases, hostname, hostnameOverride } = spec;
  if (hosts.length === 0 || (hostAliases ?? hostname ?? hostnameOverride ?? null) === null) return undefined;
  for (const [field, name] of Object.entries({ hostname, hostnameOverride })) {
    if (names(hosts, stringOf(name))) return `spec.${field} is ${stringOf(name) ?? ''}`;
  }
  for (const alias of listOf(hostAliases)) {
    for (const name of listOf(isObject(alias) ? alias['hostnames'] : undefined)) {
      if (names(hosts, stringOf(name))) return `spec.hostAliases names ${stringOf(name) ?? ''}`;
    }
  }
  return undefined;
}

/**
 * The part of a pod's own `dnsConfig` that may redirect a host which the agent talks to, for people: nameservers, or search
 * domains that a resolver appends to a name before it asks for the name itself (F12). Only the answers show whether it does,
 * and caches on the node are also set up in this way, so it is only a remark.
 */
export function ownResolver({ dnsConfig }: JsonObject, hosts: readonly string[]): string | undefined {
  if (hosts.length === 0 || !isObject(dnsConfig)) return undefined;
  const field = ['nameservers', 'searches'].find((name) => listOf(dnsConfig[name]).length > 0);
  return field && `spec.dnsConfig.${field} are the pod’s own, and may lead a host elsewhere that the agent talks to`;
}

function names(hosts: readonly string[], given: string | undefined): boolean {
  if (given === undefined) return false;
  const name = given.toLowerCase().replace(/\.$/, '');
  return hosts.some((host) => (host.startsWith('*.') ? name.endsWith(host.slice(1)) : name === host));
}
