import type { NodeAgentOptions } from './options.js';
import type { Rendering } from './rendering.js';

/** The three files of an Agent that is installed as a package; each holds only what is to be added. */
export function host({ remoteConfiguration, networkEvents }: NodeAgentOptions): Rendering {
  const switchedOn = { runtime_security_config: { enabled: true } };
  return {
    files: [
      {
        name: 'datadog.yaml',
        document: { remote_configuration: { enabled: remoteConfiguration }, ...switchedOn },
        format: 'yaml',
      },
      { name: 'security-agent.yaml', document: switchedOn, format: 'yaml' },
      {
        name: 'system-probe.yaml',
        document: {
          runtime_security_config: {
            enabled: true,
            remote_configuration: { enabled: remoteConfiguration },
            network: { enabled: networkEvents },
          },
        },
        format: 'yaml',
      },
    ],
    notes: [
      'Merge these into the files of the same names in /etc/datadog-agent; datadog.yaml there also holds the API key and the site.',
      'Then restart: systemctl restart datadog-agent.',
    ],
  };
}
