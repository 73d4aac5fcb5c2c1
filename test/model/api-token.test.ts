import t from 'tap';
import { isApiTokenVolume } from '../../src/model/api-token.js';
import type { JsonObject } from '../../src/model/json.js';

const token = { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } };
const authority = { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } };
const fieldRef = { apiVersion: 'v1', fieldPath: 'metadata.namespace' };
const namespace = { downwardAPI: { items: [{ fieldRef, path: 'namespace' }] } };
const whole = [token, authority, namespace];

const volume = (sources: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({
  name: 'kube-api-access-x7x2x',
  projected: { defaultMode: 420, sources, ...more },
});

t.test('F23: the token’s volume is what the plug-in makes, all of it and nothing else', (t) => {
  t.ok(isApiTokenVolume(volume(whole), false));
  const others: Readonly<Record<string, JsonObject>> = {
    'a ConfigMap': { name: 'kube-api-access-x7x2x', configMap: { name: 'mine' } },
    'a Secret': { name: 'kube-api-access-x7x2x', secret: { secretName: 'mine' } },
    'no name': { projected: { defaultMode: 420, sources: whole } },
    'something beside': { ...volume(whole), emptyDir: {} },
    'another mode': volume(whole, { defaultMode: 511 }),
    'a later field': volume(whole, { later: true }),
    'no token': volume([authority, namespace]),
    'the token alone': volume([token]),
    'one more': volume([...whole, { secret: { name: 'mine' } }]),
    'one twice': volume([token, authority, authority]),
    'another order': volume([authority, token, namespace]),
    'another audience': volume([
      { serviceAccountToken: { ...token.serviceAccountToken, audience: 'sts.amazonaws.com' } },
      authority,
      namespace,
    ]),
    'another time': volume([
      { serviceAccountToken: { expirationSeconds: 86400, path: 'token' } },
      authority,
      namespace,
    ]),
    'another authority': volume([token, { configMap: { ...authority.configMap, name: 'mine' } }, namespace]),
    'all of a ConfigMap': volume([token, { configMap: { name: 'kube-root-ca.crt' } }, namespace]),
    'another field': volume([
      token,
      authority,
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { ...fieldRef, fieldPath: 'metadata.labels' } }] } },
    ]),
    'no sources': { name: 'kube-api-access-x7x2x', projected: { defaultMode: 420 } },
    'not projected': { name: 'kube-api-access-x7x2x', projected: null },
  };
  for (const [what, one] of Object.entries(others)) t.notOk(isApiTokenVolume(one, true), what);
  t.end();
});

t.test('F23: OpenShift has one source more', (t) => {
  const service = {
    configMap: { name: 'openshift-service-ca.crt', items: [{ key: 'service-ca.crt', path: 'service-ca.crt' }] },
  };
  t.ok(isApiTokenVolume(volume([...whole, service]), true));
  t.ok(isApiTokenVolume(volume(whole), true));
  t.notOk(isApiTokenVolume(volume([...whole, service]), false));
  t.end();
});
