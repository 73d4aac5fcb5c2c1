import { Command } from 'commander';
import t from 'tap';
import { commandSettings } from '../../../src/cli/options/settings.js';

const settings = commandSettings({ 'Server:': ['listenPort', 'dnsNames'], 'Cluster:': ['openshift'] });

t.test('a command has flags for the settings that it declares, under their headings', (t) => {
  const command = new Command('x');
  settings.addTo(command);
  t.same(
    command.options.map(({ long, helpGroupHeading }) => [long, helpGroupHeading]),
    [
      ['--listen-port', 'Server:'],
      ['--dns-name', 'Server:'],
      ['--openshift', 'Cluster:'],
      ['--no-openshift', 'Cluster:'],
    ],
  );
  command.parse(['--dns-name', 'a,b', '--dns-name', 'c', '--openshift'], { from: 'user' });
  t.same(settings.read({ flags: command.opts(), io: { env: {} } }), {
    listenPort: 8443,
    dnsNames: ['a', 'b', 'c'],
    openshift: true,
  });
  t.end();
});

t.test('it reads these and no others, whatever flags of its own are called', (t) => {
  const env = { OUTRIDER_LISTEN_PORT: '9', OUTRIDER_LOG_LEVEL: 'loud' };
  const file = { name: 'settings.yaml', value: { listenPort: 1, openshift: false } };
  const read = settings.read({ flags: { plainPort: 'none', kubeconfig: 'k' }, io: { env } }, file);
  t.strictSame(read, { listenPort: 9, dnsNames: ['localhost', 'outrider.outrider.svc'], openshift: false });
  // @ts-expect-error: the compiler refuses a setting that the command does not declare
  t.equal(read.logLevel, undefined);
  t.end();
});
