import t from 'tap';
import { toldApartBy, type PlacedTemplate } from '../../../src/cli/preflight/told-apart.js';
import type { JsonObject } from '../../../src/model/json.js';

const spec = { containers: [{ name: 'app', image: 'acme/app:1' }] };

function placed(more: Partial<PlacedTemplate> = {}, metadata: JsonObject = {}, own: JsonObject = spec): PlacedTemplate {
  const maker = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', object: {} };
  return { namespace: 'shop', maker, pod: { metadata, spec: own }, ...more };
}

const usual = toldApartBy(placed());

t.test('names do not count: of the object, and in labels that name the workload', (t) => {
  const maker = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'other', object: {} };
  t.equal(toldApartBy(placed({ maker })), usual);
  const one = toldApartBy(placed({}, { labels: { app: 'web', 'app.kubernetes.io/name': 'web', team: 'a' } }));
  const other = toldApartBy(placed({ maker }, { labels: { 'app.kubernetes.io/name': 'b', team: 'a', app: 'b' } }));
  t.equal(one, other);
  t.not(one, toldApartBy(placed({}, { labels: { app: 'web', team: 'a' } })), 'whether there is such a label');
  t.not(one, usual);
  t.end();
});

t.test('what somebody may judge by counts', (t) => {
  const statefulSet = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', object: {} };
  const claims = { spec: { volumeClaimTemplates: [{ metadata: { name: 'data' } }] } };
  const keys = [
    usual,
    toldApartBy(placed({ namespace: 'other' })),
    toldApartBy(placed({ maker: statefulSet })),
    toldApartBy(placed({ maker: { ...statefulSet, object: claims } })),
    toldApartBy(placed({}, { labels: { team: 'a' } })),
    toldApartBy(placed({}, { labels: { team: 'b' } })),
    toldApartBy(placed({}, { annotations: { note: 'a' } })),
    toldApartBy(placed({}, {}, { containers: [{ name: 'app', image: 'acme/app:2' }] })),
  ];
  t.equal(new Set(keys).size, keys.length);
  t.end();
});

t.test('what is made up for each running pod does not count', (t) => {
  const running = (volume: string): PlacedTemplate => placed({}, {}, { volumes: [{ name: volume }] });
  t.equal(toldApartBy(running('kube-api-access-abcde')), toldApartBy(running('kube-api-access-vwxyz')));
  const restarted = (at: string): PlacedTemplate =>
    placed({}, { annotations: { 'kubectl.kubernetes.io/restartedAt': at, 'checksum/config': at } });
  t.equal(toldApartBy(restarted('a')), toldApartBy(restarted('b')));
  t.end();
});
