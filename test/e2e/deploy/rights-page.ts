import { objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import type { Helm, Values } from '../cluster/helm.js';
import { rightsIn, type Right } from '../cluster/rights.js';

/** Where the table stands, from the root of the repository. */
export const rightsFile = 'docs/reference/rights.md';

/** Values with which nothing is switched on that brings rights. */
const bare: Values = {
  pullSecrets: false,
  events: false,
  audit: { minutes: 0 },
  sessions: { enabled: false },
  clusterRoles: { aggregate: false },
  preDeleteHook: { create: false },
};

/** What brings rights, by what people write in their values. */
const switches: readonly (readonly [name: string, values: Values])[] = [
  ['`pullSecrets` (on)', { pullSecrets: true }],
  ['`events` (on)', { events: true }],
  ['`audit.minutes` (on)', { audit: { minutes: 10 } }],
  ['`sessions.enabled` (on)', { sessions: { enabled: true } }],
  ['`mirrorSecrets` (by the policies)', { mirrorSecrets: true }],
  ['`clusterRoles` (on)', { clusterRoles: { aggregate: true } }],
  ['`preDeleteHook.create` (on)', { preDeleteHook: { create: true } }],
  ['`preDeleteHook.create` and `mirrorSecrets`', { preDeleteHook: { create: true }, mirrorSecrets: true }],
  ['`datadogClusterRole.create` (off)', { datadogClusterRole: { create: true } }],
];

/** Whose a role is, by what its name has after the installation's. */
const holders: Readonly<Record<string, string>> = {
  '': 'the replicas',
  '-pre-delete': 'the hook, while `helm uninstall` runs',
  '-view': 'people: view, edit and admin of the whole cluster, and `clusterRoles.readers`',
  '-datadog-agent': 'pods with Datadog’s sidecar that you bind it to',
};

/** Why, by the role's ending, what is asked for, and its name. A right without a line here fails the test. */
const why: Readonly<Record<string, string>> = {
  ' instrumentationpolicies.outrider.dev': 'they say what is done',
  ' instrumentationprofiles.outrider.dev': 'they say how',
  ' instrumentationpolicies/status.outrider.dev': 'the leader says how each stands',
  ' instrumentationprofiles/status.outrider.dev': 'the same',
  ' namespaces': 'their labels are what policies select by',
  ' nodes': 'versions of kubelets and runtimes: what pods can get',
  ' limitranges': 'what a container of ours may and must ask for',
  ' resourcequotas': 'the same',
  ' pods':
    '`list`: the leader looks whether running pods have what is asked for; `get`: what the container is that a session is for',
  ' mutatingwebhookconfigurations.admissionregistration.k8s.io': 'registration. A creation cannot be bound to a name',
  ' validatingwebhookconfigurations.admissionregistration.k8s.io': 'the same',
  ' mutatingwebhookconfigurations.admissionregistration.k8s.io NAME':
    'its own, kept as it should be. `delete` is asked for by clusters where an owner is written; nothing is deleted',
  ' validatingwebhookconfigurations.admissionregistration.k8s.io NAME': 'the same',
  ' clusterroles.rbac.authorization.k8s.io NAME': 'the owner of the webhook configurations: they go with it',
  ' serviceaccounts': 'which pull secrets a pod will have',
  ' secrets':
    '`get`: pull secrets for look-ups, and whether the access key is there; the rest: copies of keys in matched namespaces',
  ' events.events.k8s.io': 'skips, denials and missed pods, where people look',
  ' replicasets.apps': 'whom a pod belongs to, for Events',
  ' jobs.batch': 'the same',
  ' replicationcontrollers': 'the same',
  ' leases.coordination.k8s.io': 'the leader’s election',
  ' leases.coordination.k8s.io NAME': 'the same',
  ' secrets in own': 'the certificate, and the key of the port’s tokens',
  ' secrets NAME-certificate': 'the same',
  ' pods in own': 'whether a replica of a version before still runs',
  ' configmaps NAME': 'owner of the installation’s objects; the pause marker of earlier versions',
  ' configmaps NAME-mirrored': 'the names of the copies, so that no Secrets need be listed',
  ' configmaps NAME-agent-images': 'what agents’ images start, for every replica',
  ' configmaps NAME-taken-back': 'workloads whose new pods are left alone for a while, for every replica',
  ' configmaps in own': 'the self-test (a dry run), and the three above once',
  ' podtemplates in own': 'what the API server fills in (dry runs): nobody makes pods of them',
  '-pre-delete mutatingwebhookconfigurations.admissionregistration.k8s.io NAME':
    'it empties them before the Service goes. `delete` as above',
  '-pre-delete validatingwebhookconfigurations.admissionregistration.k8s.io NAME': 'the same',
  '-pre-delete clusterroles.rbac.authorization.k8s.io NAME': 'the owner, as above',
  '-pre-delete clusterroles.rbac.authorization.k8s.io NAME-api-server-policies':
    'whether there can be policies of the API server’s own to take away: they belong to it',
  '-pre-delete secrets': 'the copies of keys are deleted, after a look whether they are copies',
  '-pre-delete namespaces': 'where copies are',
  '-pre-delete configmaps NAME-mirrored': 'their names',
  '-view instrumentationpolicies.outrider.dev':
    '`outrider explain`, `coverage`, `status`, and kubectl: what is asked for of one’s own pods. They name Secrets and hold none',
  '-view instrumentationprofiles.outrider.dev': 'the same',
  '-datadog-agent nodes': 'what Datadog’s agent asks of its node’s kubelet and the API server',
  '-datadog-agent namespaces': 'the same',
  '-datadog-agent endpoints': 'the same',
  ...Object.fromEntries(
    ['metrics', 'spec', 'stats', 'proxy', 'pods', 'healthz'].map((part) => [
      `-datadog-agent nodes/${part}`,
      'the same',
    ]),
  ),
};

interface Row {
  readonly ending: string;
  readonly key: string;
  readonly what: string;
  readonly where: string;
  readonly verbs: Map<string, readonly string[]>;
}

/** The page of every right, ours and people's, out of what the chart makes of its values. @throws for one without a reason */
export async function rightsPage(helm: Helm): Promise<string> {
  const without = await rolesOf(helm, bare);
  const found = await Promise.all(
    switches.map(async ([name, values]) => ({ name, roles: await rolesOf(helm, { ...bare, ...values }) })),
  );
  const rows = new Map<string, Row>();
  const all = [{ name: '', roles: without }, ...found];
  for (const { name, roles } of all)
    for (const each of roles) for (const right of rightsIn([each.role])) add(rows, each, right, name);
  const used = new Set([...rows.values()].map(({ key }) => key));
  const unused = Object.keys(why).filter((key) => !used.has(key));
  if (unused.length > 0) throw new Error(`no role has ${unused.join(', ')}`);
  const lines = Object.entries(holders).flatMap(([ending, holder]) => [
    '',
    `## ${ending === '' ? 'NAME' : `NAME${ending}`}`,
    '',
    `Whose: ${holder}.`,
    '',
    '| What | Where | Verbs | With | Why |',
    '| ---- | ----- | ----- | ---- | --- |',
    ...[...rows.values()].filter((row) => row.ending === ending).flatMap(linesOf),
  ]);
  return `${[...head, ...lines].join('\n')}\n`;
}

const head = [
  '<!-- Made from the chart: node dist/test/e2e/deploy/write-rights-page.js. Do not edit. -->',
  '',
  '# Rights',
  '',
  'Every right that the chart gives, to Outrider and to people: in which role, with which of its values, and why. NAME is the',
  'installation’s (`instance`). A test renders the chart and compares; another compares the rules of the replicas and of the',
  'hook with an audit log. What the commands need of whoever runs them: [Installing](../install.md#what-a-person-needs-to-read).',
  '',
  '**People get no right to write.** Policies and profiles are the whole cluster’s: whoever may edit or administer a namespace',
  'could else switch off what watches it. So there is one role, aggregated to `view`, which `edit` and `admin` contain; whoever',
  'installs Outrider writes policies, by rights of their own.',
];

async function rolesOf(helm: Helm, values: Values): Promise<readonly { ending: string; role: JsonObject }[]> {
  const objects = await helm.render({ defaultPolicy: { create: false }, ...values });
  return objects
    .filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
    .map((role) => {
      const name = stringOf(objectOf(role['metadata'])?.['name']) ?? '';
      return { ending: name.replace(/^outrider/, ''), role };
    });
}

function add(rows: Map<string, Row>, { ending }: { ending: string }, right: Right, name: string): void {
  const { verb, group, resource, namespace, name: of } = right;
  const what = `${resource}${group === '' ? '' : `.${group}`}`;
  const named = of === '' ? '' : ` ${of.replace(/^outrider/, 'NAME')}`;
  const place = namespace === '' ? 'everywhere' : 'its own namespace';
  const key = `${ending} ${what}${named}${namespace !== '' && of === '' ? inOwn(ending, what) : ''}`;
  const row: Row = rows.get(`${key} ${place}`) ?? {
    ending,
    key,
    what: `${what}${named}`,
    where: place,
    verbs: new Map(),
  };
  rows.set(`${key} ${place}`, row);
  const brought = row.verbs.get(verb) ?? [];
  // What is there without anything is brought by nothing.
  if (name === '') row.verbs.set(verb, ['']);
  else if (!brought.includes('')) row.verbs.set(verb, [...brought, name]);
}

/** Tells what is both everywhere's and its own namespace's. */
function inOwn(ending: string, what: string): string {
  return why[`${ending} ${what} in own`] === undefined ? '' : ' in own';
}

function linesOf({ key, what, where, verbs }: Row): readonly string[] {
  const reason = why[key];
  if (reason === undefined) throw new Error(`nothing says why there is the right to ${what} (${key})`);
  const bySwitch = new Map<string, string[]>();
  for (const [verb, brought] of verbs) {
    // Of two that bring it, the first is the one that needs no other.
    const [by = ''] = brought;
    bySwitch.set(by, [...(bySwitch.get(by) ?? []), verb]);
  }
  return [...bySwitch].map(([by, list]) => `| ${what} | ${where} | ${list.join(', ')} | ${by} | ${reason} |`);
}
