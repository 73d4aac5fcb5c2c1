import type { Io } from '../io.js';
import type { Preview } from './preview.js';

const mostNamed = 5;

/**
 * Says on standard error what could not be looked at.
 *
 * @returns whether every workload was looked at
 */
export function printUnread<Extra>(
  { unread, unreadKinds, installed }: Pick<Preview<Extra>, 'unread' | 'unreadKinds' | 'installed'>,
  { stderr }: Pick<Io, 'stderr'>,
): boolean {
  if (!installed) {
    stderr.write('outrider: note: the cluster has no policies: Outrider’s resource definitions are not installed\n');
  }
  for (const what of unread) stderr.write(`outrider: note: you may not read ${what}\n`);
  for (const line of unreadKindLines(unreadKinds)) stderr.write(`outrider: warning: ${line}\n`);
  return unreadKinds.length === 0;
}

/** `you may not list deployments.apps in namespaces shop and bank: their workloads are missing here`. */
export function unreadKindLines(unread: Preview['unreadKinds']): readonly string[] {
  const byKind = new Map<string, string[]>();
  for (const { kind, namespace } of unread) byKind.set(kind, [...(byKind.get(kind) ?? []), namespace]);
  return [...byKind].map(([kind, namespaces]) => {
    const shown = namespaces.slice(0, mostNamed).join(', ');
    const more = namespaces.length > mostNamed ? ` and ${namespaces.length - mostNamed} more` : '';
    const word = namespaces.length === 1 ? 'namespace' : 'namespaces';
    return `you may not list ${kind} in ${word} ${shown}${more}: those are missing here`;
  });
}
