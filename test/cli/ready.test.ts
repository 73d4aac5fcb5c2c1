import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import t from 'tap';
import { definitionsAsYaml } from '../../src/documents/schema/crd.js';
import { workplace } from './harness.js';

t.test('crds prints what is committed', async (t) => {
  const place = await workplace(t);
  const committed = ['policies', 'profiles'].map((kind) =>
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
