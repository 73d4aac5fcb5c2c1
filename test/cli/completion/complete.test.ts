import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { complete } from '../../../src/cli/completion/complete.js';
import { argumentValues, optionValues } from '../../../src/cli/completion/values.js';
import type { NamingOpener } from '../../../src/cli/completion/objects.js';
import { Command } from 'commander';
import { commands, workplace } from '../harness.js';

const noCluster: NamingOpener = () => Promise.reject(new Error('there is none'));

/** A folder, and what is offered for a line in it. */
async function place(t: Parameters<typeof workplace>[0], open: NamingOpener = noCluster) {
  const { cwd } = await workplace(t);
  const offered = async (...line: readonly string[]): Promise<string> => {
    let text = '';
    const output = { write: (more: string) => void (text += more), isTerminal: false, columns: undefined };
    const stdin = (async function* () {
      yield await Promise.resolve('');
    })();
    const io = {
      stdin,
      stdout: output,
      stderr: output,
      cwd,
      env: { HOME: cwd },
      isInteractive: false,
      programName: 'outrider',
    };
    if ((await complete(commands, line, io, open)) !== 0) throw new Error('completion never fails');
    return text
      .trim()
      .split('\n')
      .map((each) => each.split('\t')[0] ?? '')
      .join(' ');
  };
  return { cwd, offered };
}

t.test('U17: commands, options and choices', async (t) => {
  const { offered } = await place(t);
  t.equal(await offered('un'), 'uninject :4');
  t.match(await offered(''), /^inject uninject .* version help :4$/);
  t.equal(await offered('help', 'expl'), 'explain :4');
  t.equal(await offered('--v'), '--version :4');
  t.equal(await offered('inject', '--in-'), '--in-place :4');
  t.equal(await offered('inject', '-o', ''), 'yaml json patch diff :4');
  t.equal(await offered('inject', '--output=d'), '--output=diff :4');
  t.equal(await offered('completion', 'z'), 'zsh :4');
  t.equal(await offered('inject', '-f', ''), ':0', 'files are the shell’s own business');
  t.equal(await offered('inject', '--policy', ''), ':0');
  t.equal(await offered('inject', '--instance', ''), ':4');
  t.equal(await offered('nonsense', ''), ':4');
  t.equal(await offered('inject', '--nonsense=x'), ':4');
});

t.test('U17: values of profiles, settings, log levels and platforms', async (t) => {
  const { offered } = await place(t);
  t.match(await offered('inject', '--profile', ''), /^sysdig datadog /);
  t.match(await offered('inject', '--profile', 'sysdig', '--set', 're'), /^region= .*:6$/);
  t.equal(await offered('inject', '--set', 're'), ':6');
  t.equal(await offered('serve', '--log-level', ''), 'trace debug info warn error fatal silent :4');
  t.equal(await offered('serve', '--log-format=j'), '--log-format=json :4');
  t.equal(await offered('render', ''), 'datadog-node :4');
  t.match(await offered('render', 'datadog-node', '--for', ''), /^helm operator .*ecs-ec2 :4$/);
});

t.test('U17: contexts, and what a kubeconfig of somebody else’s may hold', async (t) => {
  const { cwd, offered } = await place(t);
  t.equal(await offered('status', '--context', ''), ':4', 'there is no kubeconfig');
  await mkdir(join(cwd, '.kube'));
  const config = {
    contexts: [
      { name: 'kind' },
      { name: 'arn:aws:eks:x/y' },
      { name: 'two\nlines' },
      { name: ':a[$(id)]' },
      { name: 7 },
      {},
    ],
  };
  await writeFile(join(cwd, '.kube', 'config'), JSON.stringify(config));
  t.equal(await offered('status', '--context', ''), 'kind arn:aws:eks:x/y :4', 'a name of two lines is left out');
  await writeFile(join(cwd, 'other'), 'contexts: [{name: other}]');
  t.equal(await offered('status', '--kubeconfig', 'other', '--context', ''), 'other :4');
  t.equal(await offered('status', '--kubeconfig=other', '--context', ''), 'other :4');
  await writeFile(join(cwd, 'other'), 'contexts: [');
  t.equal(await offered('status', '--kubeconfig', 'other', '--context', ''), ':4');
});

t.test('U17: namespaces and workloads, a page of names alone', async (t) => {
  const asked: unknown[] = [];
  const open: NamingOpener = (choice) => {
    const client = {
      page: (path: string, { metadataOnly }: { readonly metadataOnly?: boolean }) => {
        asked.push({ path, metadataOnly, choice });
        const items = [{ metadata: { name: 'shop' } }, { metadata: { name: 'pay' } }];
        return Promise.resolve({ items, resourceVersion: '1', next: undefined });
      },
      close: () => Promise.resolve(),
    };
    return Promise.resolve({ client, namespace: 'mine' });
  };
  const { offered } = await place(t, open);
  t.equal(await offered('status', '-n', ''), 'shop pay :4');
  t.equal(await offered('explain', 'deploy/'), 'deploy/shop deploy/pay :4');
  t.equal(
    await offered('explain', '--context', 'kind', '-n', 'live', 'Deployments.apps/s'),
    'Deployments.apps/shop :4',
  );
  t.equal(await offered('restart', 'deploy', 's'), 'shop :4');
  t.match(await offered('verify', ''), /^pod\/ deploy\/ sts\/ .*:6$/);
  t.equal(await offered('explain', 'nonsense/'), ':4');
  t.strictSame(asked.slice(0, 3), [
    { path: '/api/v1/namespaces', metadataOnly: true, choice: {} },
    { path: '/apis/apps/v1/namespaces/mine/deployments', metadataOnly: true, choice: {} },
    { path: '/apis/apps/v1/namespaces/live/deployments', metadataOnly: true, choice: { context: 'kind' } },
  ]);
  const { offered: without } = await place(t);
  t.equal(await without('status', '-n', ''), ':4', 'a cluster that cannot be asked has no names');
  t.equal(await without('explain', 'deploy/'), ':4');
});

t.test('U17: every option and argument that has values here is one of a command', async (t) => {
  const options = new Set<string>();
  const names = new Set<string>();
  for (const { name, load } of commands) {
    const command = new Command(name);
    const io = { ...(await workplace(t)), programName: 'outrider', isInteractive: false };
    const output = { write: () => undefined, isTerminal: false, columns: undefined };
    const stdin = (async function* () {
      yield await Promise.resolve('');
    })();
    (await load()).configure(command, { ...io, stdin, stdout: output, stderr: output, env: {} });
    for (const { long } of command.options) options.add(long ?? '');
    for (const argument of command.registeredArguments) names.add(argument.name().replaceAll('.', '').toUpperCase());
  }
  for (const flag of Object.keys(optionValues)) t.ok(options.has(flag), flag);
  for (const name of Object.keys(argumentValues)) t.ok(names.has(name), name);
});
