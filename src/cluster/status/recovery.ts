import { exemptionsOf } from '../../policy/exempt.js';
import type { PolicyState } from '../state/cluster-configuration.js';
import { someOf, type Found } from './conditions.js';

/**
 * The condition `BlocksRecovery` (F20).
 * @param namespaces those that a cluster recovers by, in which the policy's entry stops pods while nobody answers
 */
export function blocksRecovery({ policy, profile }: PolicyState, namespaces: readonly string[]): Found {
  if (namespaces.length === 0) {
    return {
      status: 'False',
      reason: 'NoRecoveryBlocked',
      message: 'It stops no pod that a cluster is known to recover by.',
    };
  }
  const exemptions = policy === undefined ? [] : exemptionsOf(policy.spec, new Set(profile?.spec.skipWhen));
  const admitted = exemptions.map(({ reason }) => reason);
  const which =
    admitted.length === 0
      ? 'no pod can be created'
      : `no pod can be created but those that it admits for ${admitted.join(', ')}`;
  const inside = `${namespaces.length === 1 ? 'namespace' : 'namespaces'} ${someOf(namespaces)}`;
  const excluded = namespaces.slice(0, shownInRemedy).join(',');
  const remedy = `Exclude ${namespaces.length === 1 ? 'it' : 'them'} with --excluded-namespaces (chart: excludedNamespaces: [${excluded}${namespaces.length > shownInRemedy ? ',…' : ''}]), or by the policy’s namespaceSelector`;
  const admit =
    admitted.length === 0 ? '; or admit what the pods are with admitUninstrumented, such as host_network' : '';
  return {
    status: 'True',
    reason: 'StopsRecoveryPods',
    message: `While Outrider is down, in ${inside} ${which}, and a cluster may need them to recover. ${remedy}${admit}.`,
  };
}

const shownInRemedy = 10;
