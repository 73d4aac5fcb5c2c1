import { takenBackKey, takenBackText, type TakenBackEntry } from '../../../src/model/taken-back.js';

/** Where the installation `outrider` keeps entries. */
export const takenBackAt = '/api/v1/namespaces/outrider-system/configmaps/outrider-taken-back';
/** That installation. */
export const installation = { instance: 'outrider', ownNamespace: 'outrider-system' } as const;

/** The ConfigMap with these entries. */
export function takenBackMap(...entries: readonly TakenBackEntry[]) {
  const data = Object.fromEntries(entries.map((entry) => [takenBackKey(entry), takenBackText(entry) ?? '']));
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'outrider-taken-back' }, data };
}
