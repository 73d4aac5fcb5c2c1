import { workloadKind } from '../../model/workload-kinds.js';
import { takenBackKey, type TakenBackByKey, type TakenBackEntry } from '../../model/taken-back.js';
import type { NamedWorkload } from '../../cluster/live/workload-kinds.js';

/** Which of the workloads that were taken back a command line is about. */
export type TakenBackSelection =
  | { readonly objects: readonly NamedWorkload[]; readonly namespace: string }
  /** All, or those for whose pods the policy won; in one namespace or in all. */
  | { readonly policy: string | undefined; readonly namespace: string | undefined };

/** What was selected. */
export interface SelectedTakenBack {
  /** By namespace, then kind and name. */
  readonly entries: readonly TakenBackEntry[];
  /** Objects that were named and were not taken back, as `deploy/web`. */
  readonly others: readonly string[];
}

/** Selects entries. */
export function selectTakenBack(all: TakenBackByKey, selection: TakenBackSelection): SelectedTakenBack {
  if ('objects' in selection) {
    const { namespace } = selection;
    const found = selection.objects.map(({ resource: { kind, group, version }, name }) => {
      const entry = all.get(takenBackKey({ namespace, kind, name }));
      const called = workloadKind(kind, group === '' ? version : `${group}/${version}`)?.called ?? kind.toLowerCase();
      return { entry, called: `${called}/${name}` };
    });
    return {
      entries: found.flatMap(({ entry }) => entry ?? []),
      others: found.flatMap(({ entry, called }) => (entry === undefined ? [called] : [])),
    };
  }
  const { policy, namespace } = selection;
  const entries = [...all.values()].filter(
    (entry) =>
      (policy === undefined || entry.policy === policy) && (namespace === undefined || entry.namespace === namespace),
  );
  return { entries: entries.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)), others: [] };
}

function nameOf({ namespace, kind, name }: TakenBackEntry): string {
  return `${namespace}/${kind}/${name}`;
}
