import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { isObject, listOf, objectOf, parsedJson } from '../../../src/model/json.js';
import { engineWith, injectText } from '../../engine/tasks.js';

const web = { name: 'web', image: 'acme/web:1', entryPoint: ['/web'] };
const image = 'public.ecr.aws/datadog/agent:7';
const given = { accessKeySecretArn: '/k' };

const taskOf = (...containers: readonly JsonObject[]): string =>
  JSON.stringify({ family: 't', requiresCompatibilities: ['FARGATE'], containerDefinitions: containers });

async function remarksOf(agent: JsonObject, settings: Readonly<Record<string, string>>): Promise<readonly unknown[]> {
  const { outcomes } = await injectText(taskOf(web, agent), engineWith('datadog', settings));
  return (outcomes[0]?.decision.steps ?? []).flatMap(({ reason }) =>
    reason?.startsWith('access_key') ? [reason] : [],
  );
}

t.test('W32: what is said of the access key fits what the task has', async (t) => {
  const agent = { name: 'datadog-agent', image };
  const plain = { ...agent, environment: [{ name: 'DD_API_KEY', value: 'k' }] };
  const secret = { ...agent, secrets: [{ name: 'DD_API_KEY', valueFrom: '/mine' }] };
  t.same(await remarksOf(agent, {}), ['access_key_not_given']);
  t.same(await remarksOf(agent, given), []);
  t.same(await remarksOf(secret, {}), []);
  t.same(await remarksOf(secret, given), []);
  t.same(await remarksOf(plain, given), ['access_key_in_plain_text'], 'nobody is told to give what is given');
  t.same(await remarksOf(plain, {}), ['access_key_in_plain_text']);
});

t.test('W32: what a user’s own agent says of itself stays, and nothing is put in its mouth', async (t) => {
  for (const prefer of ['Availability', 'Security']) {
    for (const essential of [undefined, true, false]) {
      const agent = { name: 'datadog-agent', image, ...(essential === undefined ? {} : { essential }) };
      const { text } = await injectText(taskOf(web, agent), engineWith('datadog', given, { prefer }));
      const after = listOf(objectOf(parsedJson(text))?.['containerDefinitions'])
        .filter(isObject)
        .find(({ name }) => name === 'datadog-agent');
      t.equal(after?.['essential'], essential, `${prefer}, ${String(essential)}`);
    }
  }
  const { text } = await injectText(taskOf(web), engineWith('datadog', given));
  t.match(text, '"essential":false', 'one that is added follows the policy');
});
