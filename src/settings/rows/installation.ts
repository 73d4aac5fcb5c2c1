import { flag, integer, jsonTexts, text } from '../setting.js';

// The form of an annotation's key. Our own are not to be given: what they say is not for a setting to claim.
const annotationName = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const isForeignAnnotation = (name: string): boolean => annotationName.test(name) && !name.startsWith('outrider.dev/');

/** Where a server’s settings and policies come from, which installation it is of, and how the API server reaches it. */
export const installationRows = {
  settingsFile: text({
    flag: 'settings-file',
    placeholder: 'FILE',
    default: '',
    help: 'YAML file with settings, by the keys of this table. Flags and variables win over it.',
  }),
  config: text({
    flag: 'config',
    placeholder: 'DIR',
    default: '',
    help: 'Folder with policies, profiles, image maps and namespaces. Watched. Empty: a built-in demonstration policy.',
  }),
  cluster: flag({
    flag: 'cluster',
    default: false,
    help: 'Policies, profiles, namespaces and facts come from the API server, and its webhook configurations are kept. Not with --config.',
  }),
  kubeconfig: text({
    flag: 'kubeconfig',
    placeholder: 'FILE',
    default: '',
    help: 'Kubeconfig for --cluster. Empty: what kubectl takes, and in a pod its ServiceAccount.',
  }),
  instance: text({
    flag: 'instance',
    placeholder: 'NAME',
    default: 'outrider',
    help: 'Name of the installation: its Lease, Secret, ConfigMap, ClusterRole and webhook configurations are called after it.',
  }),
  ownNamespace: text({
    flag: 'own-namespace',
    placeholder: 'NAME',
    default: 'outrider-system',
    help: 'Namespace of the installation. Its pods are never touched.',
  }),
  identity: text({
    flag: 'identity',
    placeholder: 'NAME',
    default: '',
    help: 'Name of this replica in the Lease. Empty: the host’s name, which in a pod is the pod’s.',
  }),
  webhookService: text({
    flag: 'webhook-service',
    placeholder: 'NAME[:PORT]',
    default: 'outrider:443',
    help: 'Service, in the installation’s namespace, by which the API server reaches the webhook.',
  }),
  webhookUrl: text({
    flag: 'webhook-url',
    placeholder: 'URL',
    default: '',
    help: 'Address by which the API server reaches the webhook, in place of a Service: https://HOST[:PORT].',
  }),
  webhookTimeoutSeconds: integer({
    flag: 'webhook-timeout-seconds',
    placeholder: 'SECONDS',
    default: 10,
    min: 1,
    max: 30,
    help: 'How long the API server waits for the webhook.',
  }),
  webhookAnnotations: jsonTexts({
    flag: 'webhook-annotations',
    placeholder: 'JSON',
    default: {},
    help: 'Annotations of both webhook configurations: a JSON object of texts. One that is no longer given goes with the next change of the configuration.',
    isName: isForeignAnnotation,
    allowed: 'a JSON object of texts by annotation, none of them outrider.dev/…',
  }),
  matchConditions: text({
    flag: 'match-conditions',
    placeholder: 'JSON',
    default: '',
    help: 'matchConditions of every webhook: a JSON array of {name, expression}. An expression that the API server refuses is not used.',
  }),
} as const;
