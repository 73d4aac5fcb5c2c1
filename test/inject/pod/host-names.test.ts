import t from 'tap';
import { ownResolver, redirectedHost } from '../../../src/inject/pod/host-names.js';
import { decideNow, engineFor } from '../../support/engine.js';
import { podOf } from '../../support/pods.js';

const aliases = (...hostnames: readonly string[]) => ({ hostAliases: [{ ip: '10.0.0.1', hostnames }] });

t.test('F12: host aliases that lead a host elsewhere that the recipe names', (t) => {
  const collector = 'ingest-us2.app.sysdig.com';
  const engines = {
    sysdig: engineFor({ prefer: 'Security' }),
    forbidden: engineFor({ optOut: 'Forbidden' }),
    datadog: engineFor({ prefer: 'Security', profile: { name: 'datadog' } }),
  };
  const redirecting = [
    ['sysdig', aliases('other.example', collector)],
    ['forbidden', aliases(collector)],
    ['sysdig', { hostname: 'web', hostnameOverride: collector }],
    ['datadog', aliases('datadoghq.com')],
    ['datadog', aliases('app.datadoghq.com')],
  ] as const;
  for (const [name, spec] of redirecting) {
    const said = JSON.stringify(spec);
    t.match(decideNow(podOf(spec), engines[name], 'validate').decision, { decision: 'deny', reason: 'tampered' }, said);
    t.match(decideNow(podOf(spec), engines[name]).decision, { decision: 'skip', reason: 'tampered' }, said);
  }
  for (const spec of [aliases('other.example'), aliases(`x.${collector}`), aliases('auto', 'security'), {}]) {
    t.equal(decideNow(podOf(spec), engines.sysdig).decision.decision, 'inject', JSON.stringify(spec));
  }
  t.equal(decideNow(podOf(aliases('notdatadoghq.com')), engines.datadog).decision.decision, 'inject');

  const { decision } = decideNow(podOf(aliases(collector)), engineFor());
  t.equal(decision.decision, 'inject', 'where nobody insists it is a remark');
  const remark = decision.steps.find(({ reason }) => reason === 'host_redirected');
  t.equal(remark?.detail, `spec.hostAliases names ${collector}, a host that the agent talks to`);
  const none = engineFor({ prefer: 'Security', containers: { include: ['other'] } });
  t.equal(decideNow(podOf(aliases(collector)), none, 'validate').decision.reason, 'no_container_selected');
  t.end();
});

t.test('F12: nameservers and search domains of a pod’s own are remarked, and never denied', (t) => {
  const own = { dnsPolicy: 'None', dnsConfig: { nameservers: ['10.0.0.9'] } };
  for (const spec of [{ prefer: 'Security', optOut: 'Forbidden' }, { prefer: 'Security' }, {}]) {
    const { decision } = decideNow(podOf(own), engineFor(spec));
    t.equal(decision.decision, 'inject');
    const remark = decision.steps.find(({ reason }) => reason === 'host_redirected');
    t.match(remark, { result: 'note', detail: /^spec\.dnsConfig\.nameservers are the pod’s own, and may lead/ });
  }
  const hosts = ['collector.example'];
  t.match(ownResolver({ dnsConfig: { searches: ['mine.example'] } }, hosts), 'spec.dnsConfig.searches');
  t.equal(ownResolver(own, []), undefined, 'a recipe that names no host');
  for (const dnsConfig of [
    null,
    {},
    { nameservers: [], searches: null },
    { options: [{ name: 'ndots', value: '2' }] },
  ]) {
    t.equal(ownResolver({ dnsConfig }, hosts), undefined, JSON.stringify(dnsConfig));
  }
  t.end();
});

t.test('F12: names of hosts are compared as the resolver does', (t) => {
  const hosts = ['collector.example', '*.site.example'];
  for (const name of ['Collector.Example', 'collector.example.', 'a.b.site.example']) {
    t.equal(redirectedHost(aliases(name), hosts), `spec.hostAliases names ${name}`);
  }
  for (const name of ['site.example', 'collector', 'xsite.example']) {
    t.equal(redirectedHost(aliases(name), hosts), undefined, name);
  }
  t.equal(redirectedHost({ hostname: 'collector' }, ['collector']), 'spec.hostname is collector');
  for (const hostAliases of [null, 'x', [null], [{ hostnames: 'x' }], [{ hostnames: [1] }]]) {
    t.equal(redirectedHost({ hostAliases }, hosts), undefined, 'what is no host alias is none');
  }
  t.end();
});
