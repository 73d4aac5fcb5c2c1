import t from 'tap';
import { runPage } from './doc-page.js';

t.test('everything on docs/offline.md runs as it is written', async (t) => {
  const commands = await runPage(t, 'offline.md');
  t.ok(commands >= 8, `${commands} commands`);
});
