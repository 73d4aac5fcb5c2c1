import type { DoctorFinding } from './finding.js';

/** On OpenShift's nodes. */
export const constraints: DoctorFinding = {
  check: 'SYS_PTRACE',
  result: 'note',
  detail: 'OpenShift: the restricted constraints refuse it, and a ServiceAccount may have wider ones',
  remedy: 'run Outrider with --openshift, which leaves it out; tracing one’s own child does not need it',
  source: 'openShift',
};

/** On GKE Autopilot's nodes. */
export const warden: DoctorFinding = {
  check: 'SYS_PTRACE',
  result: 'note',
  detail:
    'GKE Autopilot: its admission allows a list of capabilities of its own; whether SYS_PTRACE is on it is not verified',
  remedy: 'try one pod, or use capability: Never; tracing one’s own child does not need it',
  source: 'autopilot',
};

/** The only finding about a Windows node. */
export const windows: DoctorFinding = {
  check: 'platform',
  result: 'note',
  detail: 'Windows: neither agent runs here; pods for it are left alone (reason windows)',
  remedy: 'keep what has to be watched on Linux nodes',
  source: 'datadogRequirements',
};

/** The only finding about a virtual node. */
export const virtual: DoctorFinding = {
  check: 'platform',
  result: 'note',
  detail:
    'a virtual node: no DaemonSet and no shared process namespace; pods for it are left alone (reason virtual_node)',
  remedy: 'use the provider’s own integration',
  source: 'virtualKubelet',
};

/** The only finding about a node of GKE Sandbox. */
export const sandbox: DoctorFinding = {
  check: 'platform',
  result: 'note',
  detail:
    'GKE Sandbox: pods here run under gVisor, a kernel of their own that no node agent sees into; they are left alone (reason sandboxed_runtime)',
  remedy: 'run what has to be watched on other nodes',
  source: 'gkeSandbox',
};
