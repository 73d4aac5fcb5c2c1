import t from 'tap';
import { isObject, listOf, objectOf, parsedJson, type JsonObject, type JsonValue } from '../../../src/model/json.js';
import { engineWith, injectText, undoText } from '../../engine/tasks.js';

const wrapper = '/opt/draios/bin/instrument';
const engine = engineWith('sysdig', { region: 'us2', accessKeySecretArn: '/key' });

interface Came {
  readonly entryPoint: JsonValue | undefined;
  readonly command: JsonValue | undefined;
  readonly leftOut: string | undefined;
}

async function cameOut(
  own: JsonObject,
  image?: { readonly entrypoint: readonly string[]; readonly cmd: readonly string[] },
): Promise<Came> {
  const web = { name: 'web', image: 'acme/web:1', ...own };
  const text = JSON.stringify({ family: 'f', memory: '512', containerDefinitions: [web] });
  const images = new Map(image === undefined ? [] : [['web', image]]);
  const first = await injectText(text, engine, images);
  const second = await injectText(first.text, engine, images);
  t.equal(second.text, first.text, 'a second run changes nothing');
  t.equal(undoText(first.text), text, 'and back');
  const [after] = listOf(objectOf(parsedJson(first.text))?.['containerDefinitions']).filter(isObject);
  const decision = first.outcomes[0]?.decision;
  const leftOut = decision?.decision === 'skip' ? decision.reason : undefined;
  return { entryPoint: after?.['entryPoint'], command: after?.['command'], leftOut };
}

const image = { entrypoint: ['/image'], cmd: ['serve'] };
const bare = { entrypoint: [], cmd: ['serve'] };

t.test('W1: an entryPoint of one empty word drops the image’s, as Docker has it, and is never wrapped', async (t) => {
  const table: readonly (readonly [own: JsonObject, came: Came])[] = [
    [
      { entryPoint: [''], command: ['/app', 'x'] },
      { entryPoint: [wrapper], command: ['/app', 'x'], leftOut: undefined },
    ],
    [{ entryPoint: [''] }, { entryPoint: [''], command: undefined, leftOut: 'entrypoint_empty' }],
    [
      { entryPoint: [''], command: [] },
      { entryPoint: [''], command: [], leftOut: 'entrypoint_empty' },
    ],
    [
      { entryPoint: [''], command: null },
      { entryPoint: [''], command: null, leftOut: 'entrypoint_empty' },
    ],
    [
      { entryPoint: [''], command: [''] },
      { entryPoint: [''], command: [''], leftOut: 'entrypoint_empty' },
    ],
    [
      { entryPoint: [''], command: [wrapper, '/app'] },
      { entryPoint: [''], command: [wrapper, '/app'], leftOut: undefined },
    ],
    [
      { entryPoint: [''], command: ['/sbin/tini', '--', '/app'] },
      { entryPoint: [wrapper], command: ['/sbin/tini', '--', '/app'], leftOut: undefined },
    ],
    [
      { entryPoint: [''], command: ['/init'] },
      { entryPoint: [''], command: ['/init'], leftOut: 'pid1_in_pod' },
    ],
    [{ entryPoint: ['', '/app'] }, { entryPoint: ['', '/app'], command: undefined, leftOut: 'entrypoint_empty' }],
    [{ entryPoint: ['', ''] }, { entryPoint: ['', ''], command: undefined, leftOut: 'entrypoint_empty' }],
    [{ entryPoint: [wrapper, ''] }, { entryPoint: [wrapper, ''], command: undefined, leftOut: 'entrypoint_empty' }],
    [{ entryPoint: [' '] }, { entryPoint: [wrapper, ' '], command: undefined, leftOut: undefined }],
    [{ entryPoint: ['/app', ''] }, { entryPoint: [wrapper, '/app', ''], command: undefined, leftOut: undefined }],
  ];
  for (const [own, came] of table) {
    // The image is asked for by none of these.
    for (const known of [undefined, image, bare]) t.same(await cameOut(own, known), came, JSON.stringify(own));
  }
});

t.test('W1: an empty list and null count as none, and a command of one empty word as an argument', async (t) => {
  for (const entryPoint of [undefined, null, []]) {
    const own = entryPoint === undefined ? {} : { entryPoint };
    for (const command of [undefined, null, []]) {
      const given = command === undefined ? own : { ...own, command };
      t.same(await cameOut(given, image), { entryPoint: [wrapper, '/image'], command: ['serve'], leftOut: undefined });
      t.same(await cameOut(given, bare), { entryPoint: [wrapper], command: ['serve'], leftOut: undefined });
      t.match(await cameOut(given, { entrypoint: [], cmd: [] }), { leftOut: 'entrypoint_empty' });
      t.match(await cameOut(given, { entrypoint: [], cmd: [''] }), { leftOut: 'entrypoint_empty' });
      t.match(await cameOut(given), { leftOut: 'image_unresolved' });
    }
    const argument = { ...own, command: [''] };
    t.same(await cameOut(argument, image), { entryPoint: [wrapper, '/image'], command: [''], leftOut: undefined });
    t.match(await cameOut(argument, bare), { command: [''], leftOut: 'entrypoint_empty' });
  }
  t.same(await cameOut({ entryPoint: ['/app'], command: [''] }), {
    entryPoint: [wrapper, '/app'],
    command: [''],
    leftOut: undefined,
  });
});
