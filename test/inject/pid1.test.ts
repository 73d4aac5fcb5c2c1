import t from 'tap';
import { mustBePid1 } from '../../src/inject/pid1.js';

const seen: readonly (readonly [argv: readonly string[], word: string])[] = [
  [['/init'], '/init'],
  [['//init'], '//init'],
  [['/./sbin//init'], '/./sbin//init'],
  [['/usr/lib/../../sbin/init'], '/usr/lib/../../sbin/init'],
  [['/init/'], '/init/'],
  [['init'], 'init'],
  [['systemd', '--system'], 'systemd'],
  [['/lib/systemd/systemd'], '/lib/systemd/systemd'],
  [['/usr/lib/systemd/systemd', '--unit=multi-user.target'], '/usr/lib/systemd/systemd'],
  [['/nix/store/abc-systemd-257/bin/systemd'], '/nix/store/abc-systemd-257/bin/systemd'],
  [['/sbin/tini', '--', '/init'], '/init'],
  [['/sbin/tini', '--', 'init'], 'init'],
  [['tini', '-g', '-p', 'SIGKILL', '--', 'systemd'], 'systemd'],
  [['/usr/bin/dumb-init', '--', '/init'], '/init'],
  [['dumb-init', '-r', '15:3', 'init'], 'init'],
  [['/bin/sh', '-c', 'exec /sbin/init'], '/sbin/init'],
  [['sh', '-c', 'exec init'], 'init'],
  [['/bin/bash', '-euo', 'pipefail', '-c', 'mkdir -p /run/x && exec /init "$@"'], '/init'],
  [['sh', '-ec', '/init'], '/init'],
  [['sh', '-c', "if [ -x /init ]; then A=b exec '/init'; fi"], '/init'],
  [['sh', '-c', 'exec tini -- init'], 'init'],
  [['sh', '-c', 'exec /usr/local/bin/entrypoint /sbin/init'], '/sbin/init'],
  [['sh', '-c', 'exec sh -c "exec init"'], 'init'],
  [['sh', '/init'], '/init'],
  [['/usr/local/bin/entrypoint', '/sbin/init'], '/sbin/init'],
  [['/docker-entrypoint.sh', '/init'], '/init'],
  [['env', '-i', 'A=b', '-u', 'C', 'init'], 'init'],
  [['/usr/bin/env', '/init'], '/init'],
  [['exec', 'init'], 'init'],
  [['busybox', 'init'], 'busybox'],
  [['/bin/busybox', 'init'], '/bin/busybox'],
  [['busybox', 'sh', '-c', 'exec init'], 'init'],
  [['s6-svscan', '/etc/s6'], 's6-svscan'],
  [['/command/s6-svscan', '/run/service'], '/command/s6-svscan'],
  [['/bin/s6-svscan'], '/bin/s6-svscan'],
  [['/package/admin/s6-overlay/libexec/preinit'], '/package/admin/s6-overlay/libexec/preinit'],
  [['/package/admin/s6-overlay-3.2.0.2/bin/init'], '/package/admin/s6-overlay-3.2.0.2/bin/init'],
  [['s6-overlay-suexec', '/init'], 's6-overlay-suexec'],
  [['/sbin/openrc-init'], '/sbin/openrc-init'],
  [['openrc', 'default'], 'openrc'],
  [['/sbin/runit-init'], '/sbin/runit-init'],
  [['/sbin/runit'], '/sbin/runit'],
];

const unseen: readonly (readonly string[])[] = [
  [],
  ['/app'],
  ['/app', '--init=/init-db'],
  ['/app', '--mode', 'init'],
  ['npm', 'init'],
  ['terraform', 'init'],
  ['/usr/bin/git', 'init', '/repo'],
  ['node', '/app/init.js'],
  ['/init-db.sh'],
  ['/app/init'],
  ['/opt/vendor/init'],
  ['./init'],
  ['/usr/bin/initdb'],
  ['sh', '-c', 'npm init && exec node app.js'],
  ['sh', '-c', 'init && exec /app'],
  ['sh', '-c', 'cp /init /shared/init'],
  ['cp', '/init', '/shared/init'],
  ['test', '-x', '/init'],
  ['sh', '-c', 'test -e /sbin/init || exec /app'],
  ['sh', '-c', 'echo init; exec /app --init'],
  ['tini', '--', '/app', 'init'],
  ['busybox', 'httpd', '-f'],
  ['systemd-notify', '--ready'],
  ['/usr/bin/systemd-cat', '/app'],
  ['runsvdir', '/etc/service'],
  ['sh', '-c'],
  ['tini', '--'],
  ['/'],
  [''],
];

t.test('F22: every way to say init is seen, whatever stands before it', (t) => {
  for (const [argv, word] of seen) t.equal(mustBePid1(argv), word, argv.join(' '));
  t.end();
});

t.test('F22: what only has init in its name, or as an argument, is a program like any other', (t) => {
  for (const argv of unseen) t.equal(mustBePid1(argv), undefined, argv.join(' '));
  t.end();
});

t.test('F22: behind a program that is not known, a path counts and a bare name does not', (t) => {
  t.equal(mustBePid1(['/init'], false), '/init');
  t.equal(mustBePid1(['init'], false), undefined);
  t.equal(mustBePid1(['sh', '-c', 'exec init'], false), undefined);
  t.end();
});

t.test('F22: words before and behind that are no program’s change nothing', (t) => {
  for (const [argv, word] of seen) {
    t.equal(mustBePid1([...argv, '--flag', 'value']), word, `${argv.join(' ')} --flag value`);
    t.equal(mustBePid1(['/usr/bin/env', ...argv]), word, `env ${argv.join(' ')}`);
    t.equal(mustBePid1(['tini', '--', ...argv]), word, `tini -- ${argv.join(' ')}`);
  }
  for (const argv of unseen) t.equal(mustBePid1(['tini', '--', ...argv]), undefined, `tini -- ${argv.join(' ')}`);
  t.end();
});

t.test('F22: a long argv takes time in proportion', (t) => {
  const script = `${'exec tini -- '.repeat(20_000)}/app`;
  t.equal(mustBePid1(['sh', '-c', script]), undefined);
  t.equal(mustBePid1(['sh', '-c', 'exec sh -c '.repeat(20_000)]), undefined);
  t.equal(mustBePid1(Array.from({ length: 200_000 }, () => 'env')), undefined);
  t.end();
});
