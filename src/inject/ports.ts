import type { Finding } from '../model/decision.js';
import type { AgentPort } from '../model/recipe.js';

/** The agent's port that a container of the workload declares, too: of TCP and of UDP there is one of each number. */
export function takenPort(ports: readonly AgentPort[], number: number, protocol: string): AgentPort | undefined {
  for (const port of ports) if (port.number === number && port.protocol === protocol) return port;
  return undefined;
}

/** Why the agent cannot stand beside such a container. */
export function portTaken(container: string, { number, protocol, setting }: AgentPort): Finding {
  const cure = setting === undefined ? '' : `; the profile’s setting ${setting} moves it`;
  return {
    reason: 'port_taken',
    detail: `container ${container} declares port ${number}/${protocol}, which the agent listens on${cure}`,
  };
}
