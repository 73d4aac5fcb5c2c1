import t from 'tap';
import { isTokenVariable, tokenPlaceOf, tokenPlaces } from '../../../../src/inject/pod/differences/tokens.js';
import type { JsonObject } from '../../../../src/model/json.js';
import { termsWith } from './terms.js';

const mountPath = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
const token = { serviceAccountToken: { audience: 'sts.amazonaws.com', expirationSeconds: 86400, path: 'token' } };
const mount = { name: 'aws-iam-token', mountPath, readOnly: true };
const ours = { name: 'agent', volumeMounts: [{ name: 'v', mountPath: '/outrider' }], command: ['/outrider/busybox'] };

function isToken(
  volume: JsonObject,
  given: JsonObject = mount,
  planned: JsonObject = ours,
  openShift = false,
): boolean {
  return tokenPlaceOf(given, planned, termsWith({ volumes: [volume], openShift })) !== undefined;
}

t.test('F1: a volume is no token by its name', (t) => {
  t.ok(isToken({ name: 'aws-iam-token', projected: { sources: [token] } }));
  t.ok(isToken({ name: 'aws-iam-token', projected: { sources: [token], defaultMode: 420 } }));
  const others: readonly JsonObject[] = [
    {},
    { emptyDir: {} },
    { configMap: { name: 'mine' } },
    { projected: { sources: [] } },
    { projected: { sources: [token], later: 1 } },
    { projected: { sources: [token] }, secret: { secretName: 'mine' } },
    { projected: { sources: [token, { configMap: { name: 'mine' } }] } },
    { projected: { sources: [token, { secret: { name: 'mine' } }] } },
    { projected: { sources: [{ ...token, configMap: { name: 'mine' } }] } },
    { projected: { sources: [{ serviceAccountToken: { path: 'libx.so' } }] } },
    { projected: { sources: [{ serviceAccountToken: { path: 'token', later: 1 } }] } },
    { projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 1 } }] } },
    { projected: { sources: ['token'] } },
  ];
  for (const volume of others) t.notOk(isToken({ name: 'aws-iam-token', ...volume }), JSON.stringify(volume));
  t.notOk(isToken({ name: 'another', projected: { sources: [token] } }), 'no volume of that name');
  t.end();
});

t.test('F1: a token’s mount is read-only, whole, and at its place', (t) => {
  const volume = { name: 'aws-iam-token', projected: { sources: [token] } };
  t.ok(isToken(volume, { ...mount, subPath: '', mountPropagation: null }));
  const others: readonly JsonObject[] = [
    { readOnly: false },
    { subPath: 'token' },
    { subPathExpr: '$(X)' },
    { mountPropagation: 'Bidirectional' },
    { mountPath: '/opt/draios' },
    { mountPath: `${mountPath}/` },
    { later: true },
  ];
  for (const change of others) t.notOk(isToken(volume, { ...mount, ...change }), JSON.stringify(change));
  t.notOk(isToken(volume, mount, { command: [`${mountPath}/agent`] }), 'over a program of ours');
  t.notOk(
    isToken(volume, mount, { volumeMounts: [{ name: 'v', mountPath: `${mountPath}/v` }] }),
    'over a mount of ours',
  );
  t.end();
});

t.test('F23: the API server’s own token may have its authority and the namespace beside it, and nothing else', (t) => {
  const at = { name: 'k', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true };
  const own = { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } };
  const configMap = (name: string, key: string): JsonObject => ({ configMap: { name, items: [{ key, path: key }] } });
  const authority = configMap('kube-root-ca.crt', 'ca.crt');
  const fieldRef = { apiVersion: 'v1', fieldPath: 'metadata.namespace' };
  const namespace = { downwardAPI: { items: [{ path: 'namespace', fieldRef }] } };
  const is = (sources: readonly JsonObject[], openShift = false): boolean =>
    isToken({ name: 'k', projected: { sources } }, at, ours, openShift);
  t.ok(is([own, authority, namespace]));
  t.ok(is([own]));
  t.notOk(is([authority, namespace]), 'without a token');
  t.notOk(is([own, configMap('mine', 'ca.crt')]));
  t.notOk(is([own, configMap('kube-root-ca.crt', 'libx.so')]));
  t.notOk(is([own, { configMap: { name: 'kube-root-ca.crt' } }]));
  t.notOk(is([own, { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.name' } }] } }]));
  t.notOk(is([own, { downwardAPI: { items: [{ path: 'x', fieldRef }] } }]));
  t.notOk(is([own, { downwardAPI: { items: [{ path: 'namespace', fieldRef, mode: 511 }] } }]));
  t.notOk(is([own, { downwardAPI: {} }]));
  t.notOk(is([own, { clusterTrustBundle: { path: 'x' } }]));
  const service = configMap('openshift-service-ca.crt', 'service-ca.crt');
  t.notOk(is([own, service]));
  t.ok(is([own, service], true), 'OpenShift has one more');
  t.end();
});

t.test('F2: a token’s variables count by name and shape', (t) => {
  const eks = tokenPlaces.filter((place) => place.mountPath === mountPath);
  const is = (variable: JsonObject): boolean => isTokenVariable(variable, eks);
  t.ok(is({ name: 'AWS_REGION', value: 'eu-central-1' }));
  t.ok(is({ name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::111122223333:role/payments' }));
  t.notOk(is({ name: 'AWS_ROLE_ARN', value: 'http://mine' }));
  t.notOk(is({ name: 'AWS_ROLE_ARN', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }));
  t.notOk(is({ name: 'AWS_ENDPOINT_URL', value: 'http://mine' }));
  t.notOk(is({ name: 'AZURE_CLIENT_ID', value: '00000000-0000-4000-8000-000000000001' }));
  t.notOk(is({ name: 'AWS_ROLE_ARN' }));
  t.notOk(is({ name: 'AWS_ROLE_ARN', value: 1 }));
  t.notOk(is({ name: 'constructor', value: 'x' }));
  t.notOk(is({ value: 'x' }));
  t.end();
});
