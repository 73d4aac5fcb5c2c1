import t from 'tap';
import { runPage } from './doc-page.js';

t.test('everything on docs/ecs.md runs as it is written', async (t) => {
  const commands = await runPage(t, 'ecs.md');
  t.ok(commands >= 12, `${commands} commands`);
});
