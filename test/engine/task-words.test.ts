import t from 'tap';
import type { JsonObject } from '../../src/model/json.js';
import { engineWith, injectText } from './tasks.js';

const instrument = '/opt/draios/bin/instrument';
const tracer = '/cws-instrumentation-volume/cws-instrumentation';

function taskOf(container: JsonObject): string {
  return JSON.stringify({ family: 'shop', containerDefinitions: [{ name: 'web', image: 'shop/web:1', ...container }] });
}

t.test('F11: a first word that the tracer takes for an option, in a task', async (t) => {
  const sysdig = engineWith('sysdig', { region: 'us2' });
  const containers = [
    { entryPoint: ['--version', '/app'] },
    { entryPoint: [instrument, '--version', '/app'] },
    { entryPoint: [instrument], command: ['--version', '/app'] },
    { command: [instrument, '--version', '/app'] },
  ];
  for (const container of containers) {
    const { outcomes } = await injectText(taskOf(container), sysdig);
    t.match(outcomes[0]?.decision, { decision: 'skip', reason: 'entrypoint_is_option' }, JSON.stringify(container));
  }
  for (const entryPoint of [
    ['/app', '--version'],
    [instrument, '/app', '--version'],
  ]) {
    const { outcomes } = await injectText(taskOf({ entryPoint }), sysdig);
    t.equal(outcomes[0]?.decision.decision, 'inject', JSON.stringify(entryPoint));
  }
  const wrapped = { entryPoint: [tracer, 'trace', '--async', '--', '--version'] };
  for (const container of [{ entryPoint: ['--version'] }, wrapped]) {
    const { outcomes } = await injectText(taskOf(container), engineWith('datadog', {}));
    t.equal(outcomes[0]?.decision.decision, 'inject', 'behind -- any word is');
  }
});
