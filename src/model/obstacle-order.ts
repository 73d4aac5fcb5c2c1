import type { Obstacle } from './profile.js';

/** The order in which a profile's obstacles are looked for in a pod: the first that is there is the reason (E24, E25). */
export const obstacleOrder: readonly Obstacle[] = [
  'mirror_pod',
  'windows',
  'virtual_node',
  'sandboxed_runtime',
  'host_network',
  'host_pid',
  'process_namespace_refused',
];
