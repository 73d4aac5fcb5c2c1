import { agentCapabilities } from '../datadog-node.js';
import { agentVariables, hostParts } from './container.js';
import type { NodeAgentOptions } from './options.js';
import type { Rendering } from './rendering.js';

/**
 * The `docker run` of the vendor's manual. It can be pasted as it is: nothing stands behind a backslash, and the API key
 * comes from the shell's environment, so that it is in no command line and no history.
 */
export function docker(options: NodeAgentOptions): Rendering {
  const lines = [
    ': "${DD_API_KEY:?export the Datadog API key as DD_API_KEY first}" &&',
    'docker run -d --name dd-agent',
    '--cgroupns host',
    '--pid host',
    '--security-opt apparmor:unconfined',
    ...agentCapabilities.map((capability) => `--cap-add ${capability}`),
    ...hostParts.map(({ path, containerPath, readOnly }) => `-v ${path}:${containerPath}${readOnly ? ':ro' : ''}`),
    '-e DD_API_KEY',
    ...agentVariables(options).map(([name, value]) => `-e ${word(`${name}=${value}`)}`),
    word(options.image),
  ];
  const [guard, ...command] = lines;
  return {
    files: [{ name: 'docker-run.sh', text: `${guard ?? ''}\n${command.join(' \\\n  ')}\n` }],
    notes: ['Export DD_API_KEY in the shell that this runs in; docker passes it on by name.'],
  };
}

/** A word of a POSIX shell. */
function word(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
