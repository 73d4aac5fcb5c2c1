import t from 'tap';
import { withInstalled } from '../../../src/cli/live/installed-settings.js';

const io = { env: {} };

const installed = {
  flags: new Map([
    ['openshift', ['false', 'true']],
    ['pod-security-default', ['baseline']],
    ['native-sidecars', ['false']],
    ['excluded-namespaces', ['a,b', 'c']],
    ['listen-port', ['none']],
  ]),
  files: new Map([
    ['image-config', '{"acme/app:1": {"entrypoint": ["/app"], "cmd": []}}'],
    [
      'registry-config',
      'apiVersion: outrider.dev/v1alpha1\nkind: RegistryConfiguration\nhosts:\n  - host: a.example\n    caFile: ca.crt\n  - host: b.example\n    plainHttp: true\n',
    ],
  ]),
};

t.test('an installation’s settings stand behind those of the command line and its environment', (t) => {
  const env = { OUTRIDER_POD_SECURITY_DEFAULT: 'restricted' };
  const { clusterSettings } = withInstalled({ flags: { nativeSidecars: 'true' }, io: { env } }, installed);
  t.match(clusterSettings, { nativeSidecars: true, podSecurityDefault: 'restricted', openshift: true });
  t.same(clusterSettings.excludedNamespaces, ['a', 'b', 'c'], 'what is given several times adds up');
  t.equal(clusterSettings.imageVolumes, 'auto', 'what nobody gives has its default');
  t.notHas(clusterSettings, { listenPort: 8443 }, 'what is not about the cluster is not read');
  t.end();
});

t.test('a value that this version does not know is said to be the installation’s', (t) => {
  const flags = new Map([['openshift', ['perhaps']]]);
  t.throws(() => withInstalled({ flags: {}, io }, { flags, files: new Map() }), {
    code: 'usage',
    message: /^openshift in the installation’s flags is "perhaps": it must be true, false or auto/,
  });
  t.end();
});

t.test('its image map counts, and its registries but those with files there', (t) => {
  const { images, registries } = withInstalled({ flags: {}, io }, installed);
  t.same([...images.keys()], ['acme/app:1']);
  t.same(
    registries?.hosts?.map(({ host }) => host),
    ['b.example'],
  );
  t.same(withInstalled({ flags: {}, io }, { flags: new Map(), files: new Map() }).registries, undefined);
  t.end();
});
