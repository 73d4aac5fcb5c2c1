import t from 'tap';
import { containerDifferences, volumeDifferences } from '../../../../src/inject/pod/differences/compare.js';
import { entryFor } from '../../../../src/inject/pod/differences/difference.js';
import { listOf, type JsonObject } from '../../../../src/model/json.js';
import { termsWith } from './terms.js';

const planned: JsonObject = {
  name: 'agent',
  image: 'vendor/agent:1',
  env: [
    { name: 'HOST', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    { name: 'KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: false } } },
    { name: 'EMPTY', value: '' },
  ],
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: false },
  volumeMounts: [{ name: 'v', mountPath: '/outrider', readOnly: true }],
};
const limits = { minimumLimits: { memory: '200Mi' }, ownLimits: { memory: '256Mi' } };

/** The places at which a container differs. */
function placesOf(change: JsonObject, terms: Parameters<typeof termsWith>[0] = limits): readonly string[] {
  return containerDifferences({ ...planned, ...change }, planned, termsWith(terms)).map((one) => entryFor(one).path);
}

t.test('F1, F2: every field of ours counts, known or not', (t) => {
  const cases: readonly (readonly [JsonObject, readonly string[]])[] = [
    [{}, []],
    [{ image: 'mine' }, ['/agent/image']],
    [{ later: { of: 'Kubernetes' } }, ['/agent/later']],
    [{ later: false, other: null, ports: [], workingDir: '', args: [] }, []],
    [{ constructor: { of: 'every object' }, toString: 'x' }, ['/agent/constructor', '/agent/toString']],
    [{ command: ['x'] }, ['/agent/command']],
    [{ imagePullPolicy: 'IfNotPresent' }, []],
    [{ imagePullPolicy: 'Never' }, ['/agent/imagePullPolicy']],
    [{ resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }] }, []],
    [{ resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }, ['/agent/resizePolicy']],
    [{ resizePolicy: ['cpu'] }, ['/agent/resizePolicy']],
    [{ volumeMounts: [] }, ['/agent/volumeMounts/~1outrider']],
    [{ volumeMounts: [{ name: 'v', mountPath: '/outrider' }] }, ['/agent/volumeMounts/~1outrider']],
    [{ env: null }, ['/agent/env/HOST', '/agent/env/KEY', '/agent/env/EMPTY']],
    [
      { env: 'x', securityContext: null },
      [
        '/agent/securityContext/allowPrivilegeEscalation',
        '/agent/securityContext/readOnlyRootFilesystem',
        '/agent/securityContext/capabilities/drop',
        '/agent/env/HOST',
        '/agent/env/KEY',
        '/agent/env/EMPTY',
      ],
    ],
  ];
  for (const [change, places] of cases) t.same(placesOf(change), places, JSON.stringify(change));
  t.end();
});

t.test('F5: a termination message’s path is a mount', (t) => {
  t.same(placesOf({ terminationMessagePath: '/dev/termination-log' }), []);
  t.same(placesOf({ terminationMessagePath: '/outrider/busybox' }), ['/agent/terminationMessagePath']);
  t.end();
});

t.test('F2: limits go no lower than the profile says, and requests anywhere', (t) => {
  const given = (resources: JsonObject): readonly string[] => placesOf({ resources });
  t.same(given({ requests: { cpu: '1m' }, limits: { memory: '200Mi' } }), []);
  t.same(given({ limits: { memory: '268435456' } }), [], 'the same amount');
  t.same(given({ limits: { memory: '199Mi' } }), ['/agent/resources/limits/memory']);
  t.same(given({ limits: { memory: 'x' } }), ['/agent/resources/limits/memory']);
  t.same(
    given({ requests: { memory: '1Gi' } }),
    ['/agent/resources/limits/memory'],
    'one that is planned has to be there',
  );
  t.same(given({ limits: { memory: '1Gi', cpu: '99m' } }), ['/agent/resources/limits/cpu']);
  t.same(given({ limits: { memory: '1Gi', cpu: '100m' } }), [], 'none is planned: what it asks for is enough');
  t.same(given({ limits: { memory: '1Gi', 'ephemeral-storage': '1Mi' } }), [
    '/agent/resources/limits/ephemeral-storage',
  ]);
  t.same(given({ limits: { memory: '1Gi', 'example.com/gpu': '1' }, requests: { 'example.com/gpu': '1' } }), [
    '/agent/resources/requests/example.com~1gpu',
    '/agent/resources/limits/example.com~1gpu',
  ]);
  t.same(given({ limits: { memory: '256Mi' }, claims: [{ name: 'gpu' }] }), ['/agent/resources/claims']);
  t.same(placesOf({ resources: { limits: { memory: '255Mi' } } }, { ownLimits: { memory: '256Mi' } }), [
    '/agent/resources/limits/memory',
  ]);
  t.end();
});

t.test('F2: what only takes rights away is no difference, and a namespace’s uid on OpenShift', (t) => {
  const given = (fields: JsonObject, openShift = false): readonly string[] =>
    placesOf({ securityContext: { ...securityContext, ...fields } }, { ...limits, openShift });
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: false,
  };
  t.same(given({ runAsNonRoot: true, readOnlyRootFilesystem: true, privileged: false }), []);
  t.same(given({ capabilities: { drop: ['ALL', 'KILL', 'MKNOD'] } }), []);
  t.same(given({ capabilities: { drop: ['KILL'] } }), ['/agent/securityContext/capabilities/drop']);
  t.same(given({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } }), ['/agent/securityContext/capabilities/add']);
  t.same(given({ runAsNonRoot: false }), ['/agent/securityContext/runAsNonRoot']);
  t.same(given({ runAsUser: 1000660000 }), ['/agent/securityContext/runAsUser']);
  t.same(given({ runAsUser: 1000660000 }, true), []);
  t.same(given({ runAsUser: 0 }, true), ['/agent/securityContext/runAsUser']);
  t.same(given({ seLinuxOptions: { level: 's0' } }, true), ['/agent/securityContext/seLinuxOptions']);
  t.end();
});

t.test('an operator’s entry lets one value be, at one place', (t) => {
  const env = [...listOf(planned['env']), { name: 'DD_ENV', value: 'prod' }];
  const volumeMounts = [
    { name: 'v', mountPath: '/outrider', readOnly: true },
    { name: 'x', mountPath: '/x' },
  ];
  const given = (path: string, value: JsonObject | string | null): readonly string[] =>
    placesOf({ env, volumeMounts }, { ...limits, ownPartsMayDiffer: [{ path, value }] });
  const [variable, mount] = ['/agent/env/DD_ENV', '/agent/volumeMounts/~1x'];
  t.same(given('/agent/env/DD_ENV', 'prod'), [mount]);
  t.same(given('/*/env/DD_ENV', 'p*'), [mount]);
  t.same(given('/files/env/DD_ENV', 'prod'), [mount, variable], 'another part');
  t.same(given('/agent/env/DD_ENV', 'test'), [mount, variable], 'another value');
  t.same(given('/agent/env', 'prod'), [mount, variable], 'another place');
  t.same(given('/agent/volumeMounts/~1x', { name: 'x' }), [variable]);
  t.same(given('/agent/volumeMounts/~1x', { name: 'x', readOnly: false }), [variable]);
  t.same(given('/agent/volumeMounts/~1x', { name: 'y' }), [mount, variable]);
  t.end();
});

t.test('F2: a variable that is reserved comes with no token', (t) => {
  const mountPath = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
  const volumes = [{ name: 'aws', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }];
  const change = {
    env: [...listOf(planned['env']), { name: 'AWS_REGION', value: 'eu-central-1' }],
    volumeMounts: [
      { name: 'v', mountPath: '/outrider', readOnly: true },
      { name: 'aws', mountPath, readOnly: true },
    ],
  };
  t.same(placesOf(change, { ...limits, volumes }), []);
  t.same(placesOf(change, { ...limits, volumes, reservedEnv: ['AWS_REGION'] }), ['/agent/env/AWS_REGION']);
  t.same(placesOf(change), [`/agent/volumeMounts/${mountPath.replaceAll('/', '~1')}`, '/agent/env/AWS_REGION']);
  t.end();
});

t.test('a volume is what is planned, defaults and amounts aside', (t) => {
  const places = (actual: JsonObject, wanted: JsonObject): readonly string[] =>
    volumeDifferences(actual, wanted, termsWith({ part: 'volume' })).map((one) => entryFor(one).path);
  const own = { name: 'v', emptyDir: { sizeLimit: '1Gi' } };
  t.same(places({ name: 'v', emptyDir: { sizeLimit: '1073741824', medium: '' } }, own), []);
  t.same(places({ name: 'v', emptyDir: { sizeLimit: '1Mi', medium: 'Memory' } }, own), [
    '/volume/emptyDir/sizeLimit',
    '/volume/emptyDir/medium',
  ]);
  t.same(places({ name: 'v', emptyDir: { sizeLimit: '1Gi' }, configMap: { name: 'x' } }, own), ['/volume/configMap']);
  t.same(places({ name: 'v', hostPath: { path: '/' } }, own), ['/volume/hostPath', '/volume/emptyDir']);
  const image = { name: 'v', image: { reference: 'vendor/agent:latest' } };
  t.same(places({ name: 'v', image: { reference: 'vendor/agent:latest', pullPolicy: 'Always' } }, image), []);
  t.same(places({ name: 'v', image: { reference: 'vendor/agent:latest', pullPolicy: 'IfNotPresent' } }, image), [
    '/volume/image/pullPolicy',
  ]);
  t.end();
});
