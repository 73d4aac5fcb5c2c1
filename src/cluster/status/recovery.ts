import { exemptionsOf } from '../../policy/exempt.js';
import type { PolicyState } from '../state/cluster-configuration.js';
import { someOf, type Found } from './conditions.js';

/**
 * The condition `BlocksRecovery` (F20).
 * @param namespaces those needed for a cluster's recovery in which the policy's entry blocks pods while no replica answers
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
  const admitted = exemptions.map(({ reason }) => reason).join(', ');
  const [place, them] = namespaces.length === 1 ? ['namespace', 'it'] : ['namespaces', 'them'];
  const others = admitted === '' ? '' : ` but those that it admits for ${admitted}`;
  const canAdmit = admitted === '' && profile?.spec.skipWhen.includes('host_network') === true;
  const names = [...namespaces.slice(0, shownInRemedy), ...(namespaces.length > shownInRemedy ? ['…'] : [])];
  return {
    status: 'True',
    reason: 'StopsRecoveryPods',
    message: [
      `While Outrider is down, no pod can be created in ${place} ${someOf(namespaces)}${others}, and a cluster may need them to recover.`,
      `Exclude ${them} with --excluded-namespaces (chart: excludedNamespaces: [${names.join(',')}]), or by the policy’s namespaceSelector`,
    ]
      .join(' ')
      .concat(canAdmit ? '; or admit what the pods are with admitUninstrumented, such as host_network.' : '.'),
  };
}

// Usually all of the list that exist in a cluster.
const shownInRemedy = 10;
