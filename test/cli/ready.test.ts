import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import t from 'tap';
import { readyCommand } from '../../src/cli/ready.js';
import { pathOf, resources } from '../../src/cluster/client/resources.js';
import type { OpenCluster } from '../../src/cluster/live/open-cluster.js';
import { definitionsAsYaml } from '../../src/documents/schema/crd.js';
import { run } from '../../src/cli/program.js';
import { systemClock } from '../../src/time/clock.js';
import { createFakeApi } from '../cluster/registration/fake-api.js';
import { workplace } from './harness.js';

t.test('crds prints what is committed', async (t) => {
  const place = await workplace(t);
  const committed = ['policies', 'profiles', 'plans'].map((kind) =>
    readFileSync(`deploy/crds/instrumentation${kind}.yaml`, 'utf8'),
  );
  t.same(await place.outrider(['crds']), { code: 0, stdout: committed.join('---\n'), stderr: '' });
  const { stdout } = await place.outrider(['crds', '-o', 'json']);
  const names = [...definitionsAsYaml().keys()].map((name) => ({ metadata: { name } }));
  t.match(JSON.parse(stdout), { kind: 'List', items: names });
  t.match(await place.outrider(['crds', '-o', 'xml']), { code: 2, stderr: /yaml, json/ });
});

t.test('ready says what the server says', async (t) => {
  const place = await workplace(t);
  const answers = [
    { status: 200, text: 'ok\n' },
    { status: 503, text: 'policies: not synced\n' },
    { status: 302, text: '' },
  ];
  const server = createServer((request, response) => {
    const answer = request.url === '/readyz' ? answers.shift() : undefined;
    response.writeHead(answer?.status ?? 404, { location: '/' }).end(answer?.text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  t.same(await place.outrider(['ready', url]), { code: 0, stdout: 'ok\n', stderr: '' });
  t.same(await place.outrider(['ready', url]), { code: 1, stdout: 'policies: not synced\n', stderr: '' });
  t.match(await place.outrider(['ready', url]), { code: 2, stderr: 'does not answer' }, 'it follows nobody elsewhere');
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  t.match(await place.outrider(['ready', url]), { code: 2, stdout: '', stderr: `${url}/readyz does not answer` });
  t.match(await place.outrider(['ready', 'outrider:8080']), { code: 2, stderr: 'outrider:8080 is no address' });
  t.match(await place.outrider(['ready', '--timeout', '0', url]), { code: 2, stderr: '--timeout is 0; give seconds' });
});

t.test('U18: ready --policies fails where a policy is not carried out, and says what to do', async (t) => {
  const server = createServer((_request, response) => response.end('ok\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const fake = createFakeApi();
  const never = () => Promise.reject(new Error('nobody asks for it'));
  const cluster: OpenCluster = {
    client: fake.client,
    readText: never,
    exec: never,
    clock: systemClock,
    namespace: 'default',
  };
  const command = readyCommand(() => Promise.resolve(cluster));
  const entry = { name: 'ready', summary: 'asks', load: () => Promise.resolve(command) };
  const ready = async (settings: Readonly<Record<string, string>>) => {
    fake.objects.set(`${pathOf(resources.policies)}/default`, {
      apiVersion: 'outrider.dev/v1alpha1',
      kind: 'InstrumentationPolicy',
      metadata: { name: 'default', uid: 'uid', generation: 1, resourceVersion: '1' },
      spec: { profile: { name: 'sysdig', settings } },
    });
    const said = { text: '' };
    const output = { write: (text: string) => void (said.text += text), isTerminal: false, columns: undefined };
    const stdin = (async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(new Uint8Array());
    })();
    const io = {
      stdin,
      stdout: output,
      stderr: output,
      cwd: '.',
      env: {},
      isInteractive: false,
      programName: 'outrider',
    };
    const code = await run([entry], ['ready', url, '--policies'], io);
    return { code, text: said.text };
  };
  t.match(await ready({}), {
    code: 1,
    text: /^ok\npolicy default is not carried out as it stands: .*region.*\n$/,
  });
  t.same(await ready({ region: 'us2' }), { code: 0, text: 'ok\n' });
});
