import { choice, flagOrAuto, integer, jsonList, list, listOf, text } from '../setting.js';
import { defaultMostContainers } from '../../model/bounds.js';
import { isObject } from '../../model/json.js';
import type { AllowedDifference, ClusterFacts, PodSecurityLevel } from '../../model/recipe.js';
import { version } from '../../model/version.js';

/** A JSON pointer that begins with one of our parts, or `*` for each of our containers. */
const ownPartPath = /^\/(?:agent|files|tools|volume|\*)(?:\/[^/]*)+$/;

type ImageRewrite = ClusterFacts['imageRewrites'][number];

/** What holds of the cluster that pods go to, and what they are given there. */
export const podsRows = {
  nativeSidecars: flagOrAuto({
    flag: 'native-sidecars',
    default: 'auto',
    help: 'The cluster runs native sidecars: Kubernetes 1.29 or newer on every node. auto: what the nodes say with --cluster, else true.',
  }),
  imageVolumes: flagOrAuto({
    flag: 'image-volumes',
    default: 'auto',
    help: 'Every node mounts image volumes with subPath: containerd 2.2 or newer. auto: what the nodes say with --cluster, pod by pod, else false.',
  }),
  podSecurityDefault: choice<PodSecurityLevel>({
    flag: 'pod-security-default',
    of: ['privileged', 'baseline', 'restricted'],
    default: 'privileged',
    help: 'Pod Security level of namespaces that have no label for it.',
  }),
  openshift: flagOrAuto({
    flag: 'openshift',
    default: 'auto',
    help: 'The cluster is OpenShift: uids are left to its security context constraints. auto: what the API server says with --cluster, else false.',
  }),
  sandboxedRuntimeClasses: list({
    flag: 'sandboxed-runtime-classes',
    placeholder: 'GLOBS',
    default: ['gvisor', 'runsc*', 'kata*'],
    help: 'Names of runtime classes that are sandboxes, as globs.',
  }),
  toolsImage: text({
    flag: 'tools-image',
    placeholder: 'IMAGE',
    default: `ghcr.io/outrider/outrider:${version}`,
    help: 'Image with the copier: Outrider’s own.',
  }),
  agentUser: integer({
    flag: 'agent-user',
    placeholder: 'UID',
    min: 1,
    max: 2_147_483_647,
    default: 59_417,
    help: 'Uid and gid of what Outrider adds, which no workload may have. OpenShift assigns its own. Above 65535, pods with hostUsers: false do not start.',
  }),
  imageRewrites: listOf<ImageRewrite>({
    flag: 'image-rewrite',
    placeholder: 'FROM=TO',
    default: [],
    help: 'Prefix of the images Outrider adds, and what to write in its place. The first that fits is used.',
    allowed: 'of the form FROM=TO, both not empty',
    write: ({ from, to }) => `${from}=${to}`,
    read: (item) => {
      const [from, to, ...more] = item.split('=');
      return from !== undefined && to !== undefined && from !== '' && to !== '' && more.length === 0
        ? { from, to }
        : undefined;
    },
  }),
  ownPartsMayDiffer: jsonList<AllowedDifference>({
    flag: 'own-parts-may-differ',
    placeholder: 'JSON',
    default: [],
    help: 'Where containers and volumes of ours may be other than planned, as other webhooks leave them: a JSON list of {"path", "value"}, of the form that a denial prints.',
    allowed: 'a JSON list of {"path": "/agent/…", "value": …}, with a path of at least two parts',
    read: (item) => {
      if (!isObject(item) || Object.keys(item).some((key) => key !== 'path' && key !== 'value')) return undefined;
      const { path, value } = item;
      if (typeof path !== 'string' || !ownPartPath.test(path) || value === undefined) return undefined;
      return { path, value };
    },
  }),
  maxContainers: integer({
    flag: 'max-containers',
    default: defaultMostContainers,
    min: 1,
    max: 1_000_000,
    help: 'Most containers of a pod that is instrumented, init and ephemeral ones included. A pod with more is left alone, or denied where the policy insists.',
  }),
  excludedNamespaces: list({
    flag: 'excluded-namespaces',
    placeholder: 'NAMES',
    default: ['kube-system', 'outrider-system'],
    help: 'Namespaces in which no pod is ever touched.',
  }),
} as const;
