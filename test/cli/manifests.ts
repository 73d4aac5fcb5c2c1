/** Arguments for a policy that asks nothing of the test. */
export const withSysdig = ['--profile', 'sysdig', '--set', 'region=us2'] as const;

const podSpec = { containers: [{ name: 'app', image: 'acme/app:1', command: ['/app', 'serve'] }] };
const template = { metadata: { labels: { app: 'web' } }, spec: podSpec };

/** One object of each kind that makes pods, and where its template stands. */
export const kinds: Readonly<Record<string, { readonly pointer: string; readonly object: object }>> = {
  Pod: { pointer: '', object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: podSpec } },
  PodTemplate: {
    pointer: '/template',
    object: { apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: 'x' }, template },
  },
  ReplicationController: {
    pointer: '/spec/template',
    object: { apiVersion: 'v1', kind: 'ReplicationController', metadata: { name: 'x' }, spec: { template } },
  },
  ...Object.fromEntries(
    ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'].map((kind) => [
      kind,
      {
        pointer: '/spec/template',
        object: { apiVersion: 'apps/v1', kind, metadata: { name: 'x' }, spec: { template } },
      },
    ]),
  ),
  Job: {
    pointer: '/spec/template',
    object: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { generateName: 'x-' },
      spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } },
    },
  },
  CronJob: {
    pointer: '/spec/jobTemplate/spec/template',
    object: {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'x' },
      spec: {
        schedule: '@daily',
        jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } },
      },
    },
  },
};

/** A file as people have them: several documents, comments, styles, and things that do not concern us. */
export const shop = `# The shop. Keep this comment.
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: { outrider.dev/inject: enabled, pod-security.kubernetes.io/enforce: baseline }
---
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData:
  password: hunter2   # not really
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  x-big: 12345678901234567890123   # stays exact
spec:
    replicas: 2
    template:
        metadata:
            labels: {app: "web"}   # quoted
        spec:
            containers:
            - name: 'web'
              image: ghcr.io/acme/web:1
              command: [/app, serve]
            - name: worker   # no command
              image: ghcr.io/acme/worker:3
---
# A custom resource
apiVersion: acme.example/v1
kind: Deployment
spec: {template: {spec: {containers: nonsense}}}
---
kind: ConfigMap
apiVersion: v1
data:
  a: |
    kind: Pod
    # not a comment
`;

/** What the images of {@link shop} start. */
export const images = JSON.stringify({
  'ghcr.io/acme/worker:3': { entrypoint: ['/worker'], cmd: ['--price', '$5'] },
});

/** A pod that names its program. */
export const pod = `apiVersion: v1
kind: Pod
metadata:
  name: one
spec:
  containers:
    - name: app
      image: acme/app:1
      command: [/app]
`;

/** The same without a program: what its image starts is not known. */
export const unresolved = pod.replace('      command: [/app]\n', '');
