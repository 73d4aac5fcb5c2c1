/**
 * The workload of Sysdig's article on the Workload Agent, as the Pod that an API server would send: defaults filled in,
 * the ServiceAccount's token mounted.
 */
export const demoPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'security-playground', namespace: 'playground', labels: { app: 'security-playground' } },
  spec: {
    containers: [
      {
        name: 'security-playground',
        image: 'sysdiglabs/security-playground',
        command: ['gunicorn', '-b', ':8080', '--workers', '2', '--threads', '4', '--worker-class', 'gthread'],
        args: ['--access-logfile', '-', '--error-logfile', '-', 'app:app'],
        ports: [{ containerPort: 8080, protocol: 'TCP' }],
        resources: { requests: { cpu: '250m', memory: '256Mi' } },
        volumeMounts: [
          {
            name: 'kube-api-access-x7k2p',
            readOnly: true,
            mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
          },
        ],
        terminationMessagePath: '/dev/termination-log',
        imagePullPolicy: 'Always',
      },
    ],
    volumes: [{ name: 'kube-api-access-x7k2p', emptyDir: {} }],
    restartPolicy: 'Always',
    serviceAccountName: 'default',
    schedulerName: 'default-scheduler',
    enableServiceLinks: true,
  },
} as const;
