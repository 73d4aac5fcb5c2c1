import t from 'tap';
import { isObject, listOf, objectOf, parsedJson, stringOf, type JsonObject } from '../../../src/model/json.js';
import { engineWith, injectText, undoText } from '../../engine/tasks.js';

const pdig = '/opt/draios/bin/pdig,-C,-t,-1';
const variable = '__INSTRUMENTATION_WRAPPER';
const key = { region: 'us2', accessKeySecretArn: '/key' };

const containers = (...own: readonly JsonObject[]): string =>
  JSON.stringify({
    family: 't',
    requiresCompatibilities: ['FARGATE'],
    containerDefinitions: own.map((each) => ({ image: 'acme/web:1', entryPoint: ['/web'], ...each })),
  });

/** What each container has of the variable; `undefined` for none. */
async function valuesIn(
  text: string,
  settings: Readonly<Record<string, string>>,
  spec: object = {},
): Promise<Readonly<Record<string, unknown>>> {
  const engine = engineWith('sysdig', { ...key, ...settings }, spec);
  const first = await injectText(text, engine);
  t.equal((await injectText(first.text, engine)).text, first.text, 'a second run changes nothing');
  t.equal(undoText(first.text), text, 'and back');
  const all = listOf(objectOf(parsedJson(first.text))?.['containerDefinitions']).filter(isObject);
  return Object.fromEntries(
    all.map(({ name, environment }) => {
      const found = listOf(environment).filter(isObject);
      const own = found.filter((each) => each['name'] === variable);
      t.ok(own.length <= 1, 'no variable twice');
      return [stringOf(name) ?? '', own[0]?.['value']];
    }),
  );
}

t.test('W35: bare pdig for some containers, for all, and what a container says itself', async (t) => {
  const task = containers({ name: 'web' }, { name: 'worker' }, { name: 'job' });
  const agent = { SysdigInstrumentation: undefined };
  t.same(await valuesIn(task, {}), { web: undefined, worker: undefined, job: undefined, ...agent });
  t.same(await valuesIn(task, { taskBarePdig: 'web' }), { web: pdig, worker: undefined, job: undefined, ...agent });
  t.same(await valuesIn(task, { taskBarePdig: 'web, job' }), { web: pdig, worker: undefined, job: pdig, ...agent });
  t.same(await valuesIn(task, { instrumentationWrapper: '/x' }), { web: '/x', worker: '/x', job: '/x', ...agent });
  t.same(
    await valuesIn(task, { taskBarePdig: 'job', instrumentationWrapper: '/x' }),
    { web: '/x', worker: '/x', job: pdig, ...agent },
    'what is said of one wins',
  );
  t.same(
    await valuesIn(task, { taskBarePdig: 'job' }, { prefer: 'Security' }),
    { web: '', worker: '', job: pdig, ...agent },
    'under Security the others say that they have none, as ever',
  );
  t.same(
    await valuesIn(task, { taskBarePdig: 'nobody' }),
    { web: undefined, worker: undefined, job: undefined, ...agent },
    'a name that no container has changes nothing',
  );
});

t.test('W35: a container’s own word stays where authors are trusted, and is refused where they are not', async (t) => {
  const own = (value: string): string => containers({ name: 'web', environment: [{ name: variable, value }] });
  t.match(await valuesIn(own('/mine'), { taskBarePdig: 'web' }), { web: '/mine' });
  const reasonsOf = async (text: string, spec: object): Promise<readonly unknown[]> => {
    const { outcomes } = await injectText(text, engineWith('sysdig', { ...key, taskBarePdig: 'web' }, spec));
    return outcomes.flatMap(({ decision, denial }) => [
      ...decision.steps.flatMap(({ reason }) => (reason === 'env_kept' ? [reason] : [])),
      denial?.reason,
    ]);
  };
  t.same(await reasonsOf(own('/mine'), {}), ['env_kept', undefined]);
  t.match(await reasonsOf(own('/mine'), { optOut: 'Forbidden' }), ['env_kept', 'tampered']);
  t.same(await reasonsOf(own(pdig), { optOut: 'Forbidden' }), [undefined], 'what would be written is no trick');
});

t.test('W35: bare pdig is a setting of tasks alone, with names of containers', (t) => {
  for (const wrong of ['${x}', 'a;b', 'a:b']) {
    t.throws(() => engineWith('sysdig', { ...key, taskBarePdig: wrong }), /taskBarePdig/, wrong);
  }
  t.end();
});
