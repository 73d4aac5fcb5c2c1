import t from 'tap';
import { runPage } from '../doc-page.js';

t.test('everything on docs/policy-tests.md runs as it is written', async (t) => {
  const commands = await runPage(t, 'policy-tests.md', { asksNobody: true });
  t.ok(commands >= 7, `${commands} commands`);
});
