import type { NodeAgentOptions } from './options.js';
import type { Rendering } from './rendering.js';

/**
 * The `docker run` of the vendor's manual. It can be pasted as it is: nothing is after a backslash, and the API key
 * comes from the shell's environment, so that it is in no command line and no history.
 */
export function docker({ agent }: NodeAgentOptions): Rendering {
  const lines = [
    ': "${DD_API_KEY:?export the Datadog API key as DD_API_KEY first}" &&',
    'docker run -d --name dd-agent',
    '--cgroupns host',
    '--pid host',
    '--security-opt apparmor:unconfined',
    ...agent.capabilities.map((capability) => `--cap-add ${capability}`),
    ...agent.hostMounts.map(({ path, mountPath, readOnly }) => `-v ${path}:${mountPath}${readOnly ? ':ro' : ''}`),
    ...agent.secrets.map(({ name }) => `-e ${name}`),
    ...agent.env.map(({ name, value }) => `-e ${word(`${name}=${value}`)}`),
    word(agent.image),
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
