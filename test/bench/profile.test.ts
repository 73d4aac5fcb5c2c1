import t from 'tap';
import { groupOf, type Frame } from './profile-groups.js';
import { readProfile, timeByGroup } from './profile.js';

const frame = (source: string, name = 'f'): Frame => ({ name, source });
const loop = frame('node:_http_server');
const server = frame('../src/server/webhook.ts');
const handler = frame('../src/admission/handler.ts');

t.test('time counts to the nearest caller that says what it is for', (t) => {
  for (const [group, ...stack] of [
    ['logging', frame('node:fs'), frame('../node_modules/sonic-boom/index.js'), handler, server, loop],
    ['encoding the answer', frame('', 'base64Slice'), frame('node:buffer'), frame('../src/admission/patch-encoder.ts')],
    ['encoding the answer', frame('../src/model/json.ts'), frame('../src/admission/response.ts'), handler],
    ['deciding and planning', frame('../src/model/json.ts'), frame('../src/inject/pod/make-plan.ts'), handler],
    ['metrics', frame('../node_modules/prom-client/lib/counter.js'), server],
    ['Fastify and our server', frame('node:events'), frame('../node_modules/fastify/lib/reply.js'), loop],
    ['TLS, HTTP and streams of Node', frame('', 'writev'), frame('node:internal/stream_base_commons'), server],
    ['TLS, HTTP and streams of Node', frame('node:internal/process/task_queues'), frame('', '(root)')],
    ['garbage collection', frame('', '(garbage collector)'), handler],
    ['outside of JavaScript', frame('', '(program)')],
  ] as const) {
    t.equal(groupOf(stack), group, stack.map(({ source, name }) => `${source} ${name}`).join(' < '));
  }
  t.equal(groupOf([frame('', '(idle)')]), undefined, 'nothing ran');
  t.end();
});

t.test('JSON.parse is taken out of the function that calls it', (t) => {
  const callFrame = (functionName: string, url: string) => ({ functionName, url, lineNumber: 0, columnNumber: 0 });
  const totals = timeByGroup(
    readProfile(
      JSON.stringify({
        nodes: [
          { id: 1, callFrame: callFrame('(root)', ''), children: [2, 4] },
          {
            id: 2,
            callFrame: callFrame('readReview', 'src/admission/review.ts'),
            children: [3],
            positionTicks: [
              { line: 10, ticks: 3 },
              { line: 11, ticks: 1 },
            ],
          },
          { id: 3, callFrame: callFrame('helper', 'src/model/json.ts') },
          { id: 4, callFrame: callFrame('(idle)', '') },
        ],
        samples: [2, 2, 3, 4, 2],
        timeDeltas: [100, 200, 50, 1000, 100],
      }),
    ),
    {
      sourceOf: (url) => url,
      lineOf: (_url, line) => (line === 10 ? 'const value = JSON.parse(text);' : 'return value;'),
    },
  );
  t.strictSame([...totals].sort(), [
    ['JSON.parse', 300],
    ['reading the review', 150],
  ]);
  t.end();
});
