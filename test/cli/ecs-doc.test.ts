import t from 'tap';
import { runPage } from './doc-page.js';

t.test('everything on docs/ecs.md runs as it is written', async (t) => {
  const commands = await runPage(t, 'ecs.md');
  t.ok(commands >= 15, `${commands} commands`);
});

t.test('everything on docs/datadog-node.md that shows its output runs as it is written', async (t) => {
  const commands = await runPage(t, 'datadog-node.md');
  t.ok(commands >= 3, `${commands} commands`);
});
