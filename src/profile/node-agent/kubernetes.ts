import { isObject, type JsonObject } from '../../model/json.js';
import type { Profile } from '../../model/profile.js';
import { holds } from '../condition.js';
import { expandTemplate, type TemplateValues } from '../template.js';
import type { NodeAgentOptions } from './options.js';
import type { Rendering } from './rendering.js';

/** Key of the API key in the Kubernetes Secret, by the vendor's manuals. */
const secretKey = 'api-key';

/** values.yaml for the vendor's chart. Remote configuration is switched at the top level; under `datadog` it is deprecated. */
export function helm(options: NodeAgentOptions): Rendering {
  const { secretName, site, tags, networkEvents, remoteConfiguration } = options;
  const document = {
    datadog: {
      apiKeyExistingSecret: secretName,
      site,
      ...(tags === undefined ? {} : { tags: tags.split(/[\s,]+/).filter((tag) => tag !== '') }),
      securityAgent: { runtime: { enabled: true, network: { enabled: networkEvents } } },
    },
    remoteConfiguration: { enabled: remoteConfiguration },
  };
  return {
    files: [{ name: 'values.yaml', document, format: 'yaml' }],
    notes: [
      secretNote(secretName),
      'The chart adds by itself what Workload Protection needs: containers, capabilities and mounts.',
    ],
  };
}

/** The vendor's custom resource. */
export function operator({ secretName, site, networkEvents, remoteConfiguration }: NodeAgentOptions): Rendering {
  const document = {
    apiVersion: 'datadoghq.com/v2alpha1',
    kind: 'DatadogAgent',
    metadata: { name: 'datadog' },
    spec: {
      global: { site, credentials: { apiSecret: { secretName, keyName: secretKey } } },
      features: {
        remoteConfiguration: { enabled: remoteConfiguration },
        cws: {
          enabled: true,
          network: { enabled: networkEvents },
          remoteConfiguration: { enabled: remoteConfiguration },
        },
      },
    },
  };
  return { files: [{ name: 'datadog-agent.yaml', document, format: 'yaml' }], notes: [secretNote(secretName)] };
}

/** What the profile adds to a DaemonSet made by hand, as a strategic merge patch. */
export function daemonSet(profile: Profile, options: NodeAgentOptions): Rendering {
  const values: TemplateValues = {
    prefer: 'Availability',
    settings: new Map([
      ['remoteConfiguration', options.remoteConfiguration],
      ['networkEvents', options.networkEvents],
    ]),
  };
  const { containers, hostVolumes } = profile.spec;
  const document = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'datadog-agent' },
    spec: {
      template: {
        spec: {
          hostPID: true,
          containers: containers.flatMap((part) =>
            part.containers.map((name) => ({
              name,
              ...(part.capabilities.length === 0
                ? {}
                : { securityContext: { capabilities: { add: part.capabilities } } }),
              env: part.env
                .filter(({ when }) => holds(when, values))
                .flatMap(({ name: variable, value }) => variableOf(variable, value, values)),
              ...(part.mounts.length === 0
                ? {}
                : {
                    volumeMounts: part.mounts.map(({ volume, mountPath, readOnly }) => ({
                      name: volume,
                      mountPath,
                      ...(readOnly ? { readOnly } : {}),
                    })),
                  }),
            })),
          ),
          volumes: hostVolumes.map(({ name, path }) => ({ name, hostPath: { path } })),
        },
      },
    },
  };
  return {
    files: [{ name: 'daemonset.patch.yaml', document, format: 'yaml' }],
    notes: [
      'Apply it with kubectl patch daemonset NAME --patch-file FILE, or as a patch of kustomize; give your DaemonSet’s name and namespace.',
      'A patch cannot see what is there: a path that the pod mounts under another name is there twice afterwards. outrider inject --profile datadog-node looks first.',
      'system-probe and security-agent need a folder in common for their socket (/var/run/sysprobe in the vendor’s manifests).',
    ],
  };
}

function variableOf(name: string, template: string | undefined, values: TemplateValues): readonly JsonObject[] {
  const expansion = expandTemplate(template ?? '', values);
  return expansion.ok ? [{ name, value: expansion.text }].filter(isObject) : [];
}

function secretNote(name: string): string {
  return `The API key is read from the Secret ${name}, key ${secretKey}, in the Agent’s namespace: kubectl create secret generic ${name} --from-file=${secretKey}=FILE.`;
}
