import type { Versions } from '../../cluster/overview/read-versions.js';
import type { Part } from '../../cluster/overview/part.js';

/** This program. */
export interface ClientVersion {
  readonly version: string;
  /** Of Node.js. */
  readonly node: string;
  /** Such as `linux/x64`. */
  readonly platform: string;
}

/** What `outrider version` says. */
export interface VersionReport {
  readonly client: ClientVersion;
  /** Absent with `--client`. */
  readonly server?: ServerVersion;
}

/** The installation in a cluster. */
export interface ServerVersion {
  readonly namespace: string;
  readonly instance: string;
  /** Absent if the API server itself could not be asked. */
  readonly kubernetes?: string;
  /** The replicas of each version; absent where they are not known. */
  readonly versions?: readonly { readonly version: string; readonly replicas: number; readonly from: string }[];
  /** Why the versions are not known. */
  readonly unknown?: string;
}

/** Puts the report together. Pure. */
export function versionReport(
  client: ClientVersion,
  at: { readonly namespace: string; readonly instance: string },
  found: Part<Versions>,
): VersionReport {
  const kubernetes = found.known && found.value.kubernetes.known ? found.value.kubernetes.value : '';
  const server = { ...at, ...(kubernetes === '' ? {} : { kubernetes }) };
  const replicas = found.known ? found.value.replicas : found;
  if (!replicas.known) return { client, server: { ...server, unknown: replicas.why } };
  if (replicas.value.length === 0) {
    const unknown = `there is no replica of ${at.instance} in namespace ${at.namespace}; name another with -n and --instance`;
    return { client, server: { ...server, unknown } };
  }
  const groups = new Map<string, { version: string; replicas: number; from: string }>();
  for (const { version = 'unknown', from = 'nothing' } of replicas.value) {
    const group = groups.get(`${version} ${from}`) ?? { version, replicas: 0, from };
    groups.set(`${version} ${from}`, { ...group, replicas: group.replicas + 1 });
  }
  return { client, server: { ...server, versions: [...groups.values()] } };
}

/** The report for people. */
export function versionText({ client, server }: VersionReport): string {
  const lines = [`Client      ${client.version}  (Node.js ${client.node}, ${client.platform})`];
  if (server !== undefined) {
    const place = `${server.namespace}/${server.instance}`;
    const versions = server.versions ?? [];
    for (const { version, replicas, from } of versions) {
      const by = from === 'image' ? ', by the tag of its image' : '';
      lines.push(`Server      ${version}  (${replicas} ${replicas === 1 ? 'replica' : 'replicas'} of ${place}${by})`);
    }
    if (server.unknown !== undefined) lines.push(`Server      unknown: ${server.unknown}`);
    if (server.kubernetes !== undefined) lines.push(`Kubernetes  ${server.kubernetes}`);
    if (versions.some(({ version, from }) => from === 'metrics' && version !== client.version)) {
      lines.push(
        'Client and server differ: inject and explain -f decide as the client does, the webhook as the server.',
      );
    }
  }
  return `${lines.join('\n')}\n`;
}
