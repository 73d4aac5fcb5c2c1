import t from 'tap';
import { hostsOf } from '../../src/profile/hosts.js';

const values = { prefer: 'Security', settings: new Map([['site', 'Datadoghq.EU.']]) } as const;

t.test('F12: the hosts that a recipe names: those it lists, and whole values that are one', (t) => {
  const of = (...texts: readonly string[]) =>
    hostsOf(
      [],
      values,
      texts.map((value) => ({ name: 'V', value })),
      [],
    );
  t.same(hostsOf(['${settings.site}', '*.${settings.site}', '${settings.none}'], values, [], []), [
    'datadoghq.eu',
    '*.datadoghq.eu',
  ]);
  t.same(
    of('collector.example', 'Relay:6443', 'https://user@in.example/path?x=y', 'tcp://one:1', 'collector.example'),
    ['collector.example', 'relay', 'in.example', 'one'],
  );
  t.same(
    of('auto', 'info', 'true', '6443', '10.0.0.1', '10.0.0.1:80', 'a b.example', 'env:prod,x', '', '/run/x.sock'),
    [],
  );
  t.same(
    hostsOf(
      [],
      values,
      [{ name: 'V', valueFrom: { fieldRef: {} } }],
      ['/x/trace', '--agent=one.example:1', 'two:2', '--', '-v'],
    ),
    ['one.example', 'two'],
  );
  t.end();
});
