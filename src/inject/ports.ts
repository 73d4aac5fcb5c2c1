import type { Finding } from '../model/decision.js';
import type { AgentPort } from '../model/recipe.js';

/** The agent's port that a container of the workload also declares. TCP and UDP have separate ports. */
export function takenPort(ports: readonly AgentPort[], number: number, protocol: string): AgentPort | undefined {
  for (const port of ports) if (port.number === number && port.protocol === protocol) return port;
  return undefined;
}

/** Why the agent cannot be next to such a container. */
export function portTaken(container: string, { number, protocol, setting }: AgentPort): Finding {
  const cure = setting === undefined ? '' : `; the profile’s setting ${setting} moves it`;
  return {
    reason: 'port_taken',
    detail: `container ${container} declares port ${number}/${protocol}, which the agent listens on${cure}`,
  };
}
