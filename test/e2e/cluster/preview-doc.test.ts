import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { runPage } from '../../cli/doc-page.js';
import { startApiServer } from './api-server.js';
import { runNode } from './cli.js';
import { installDefinitions } from './definitions.js';
import { addNode } from './node.js';

t.setTimeout(900_000);

const main = new URL('../../../outrider.js', import.meta.url).pathname;

t.test('everything on docs/preview.md runs as it is written, against a real API server', async (t) => {
  const api = await startApiServer({ controllerManager: true });
  t.teardown(() => api.stop());
  await addNode(api);
  await installDefinitions(api);
  const commands = await runPage(t, 'preview.md', {
    run: async (place, env, line) => {
      const [command = '', file] = line.split(' > ');
      const [program, ...words] = command.split(' ');
      if (program === 'kubectl') {
        const paths = words.map((word) => (word.endsWith('.yaml') ? join(place.cwd, word) : word));
        const { stdout, stderr } = await api.kubectl(paths);
        return `${stderr}${stdout}`;
      }
      const argv = [main, ...words, `--kubeconfig=${api.kubeconfig}`];
      const ran = await runNode(argv, { ...process.env, ...env }, place.cwd);
      if (file !== undefined) await writeFile(join(place.cwd, file), ran.stdout);
      const ended = ran.exitCode === 0 ? '' : `[exit ${ran.exitCode}]\n`;
      return `${ran.stderr}${file === undefined ? ran.stdout : ''}${ended}`;
    },
  });
  t.ok(commands >= 4, `${commands} commands`);
});
