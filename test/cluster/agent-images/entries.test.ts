import t from 'tap';
import { asJson } from '../../../src/model/json.js';
import {
  entryKey,
  entryText,
  longestEntryBytes,
  mostImages,
  readEntries,
  type AgentImage,
} from '../../../src/cluster/agent-images/entries.js';

const foundAt = '2026-11-29T04:00:00.000Z';
const agent: AgentImage = {
  image: 'quay.io/sysdig/workload-agent:6.3.0',
  argv: ['/opt/draios/bin/sidecar', '--', 'é "$(x)" \n'],
  digest: `sha256:${'0'.repeat(64)}`,
  foundAt,
};

function dataOf(...entries: readonly AgentImage[]): Record<string, string> {
  return Object.fromEntries(entries.map((entry) => [entryKey(entry.image), entryText(entry) ?? '']));
}

t.test('F40: what is written is read back, whatever its words are', (t) => {
  t.same(readEntries(dataOf(agent)), { images: new Map([[agent.image, agent]]), invalid: [] });
  const without = { ...agent, digest: undefined };
  t.same(readEntries(dataOf(without)).images.get(agent.image), without);
  t.match(entryKey(agent.image), /^[-._a-zA-Z0-9]{1,253}$/, 'a key that a ConfigMap takes');
  t.end();
});

t.test('F40: an entry of another form is as if it were not there, and the others stay', (t) => {
  const key = entryKey(agent.image);
  const forms: readonly unknown[] = [
    '',
    'x',
    'null',
    '[]',
    7,
    JSON.stringify({ ...agent, argv: [] }),
    JSON.stringify({ ...agent, argv: 'sh' }),
    JSON.stringify({ ...agent, argv: ['a\0b'] }),
    JSON.stringify({ ...agent, argv: Array.from({ length: 257 }, () => 'x') }),
    JSON.stringify({ ...agent, argv: ['x'.repeat(longestEntryBytes)] }),
    JSON.stringify({ ...agent, image: 'quay.io/other' }),
    JSON.stringify({ ...agent, image: 'two words' }),
    JSON.stringify({ ...agent, digest: 'latest' }),
    JSON.stringify({ ...agent, foundAt: 'today' }),
    JSON.stringify({ __proto__: { argv: ['x'] } }),
  ];
  const other = { ...agent, image: 'quay.io/other:1' };
  for (const form of forms) {
    const data = { ...dataOf(other), [key]: form };
    const { images, invalid } = readEntries(asJson(data));
    t.same([[...images.keys()], invalid], [[other.image], [key]], String(form).slice(0, 60));
  }
  t.same(readEntries(undefined), { images: new Map(), invalid: [] });
  t.same(readEntries('text'), { images: new Map(), invalid: [] });
  const later = JSON.stringify({ ...agent, signature: 'of a later version' });
  t.same(readEntries({ [key]: later }).images.get(agent.image), agent);
  t.end();
});

t.test('F40: no more is read than is ever written, and what is written fits into a ConfigMap', (t) => {
  const many = Array.from({ length: mostImages + 5 }, (_, at) => ({ ...agent, image: `quay.io/agent:${at}` }));
  const { images, invalid } = readEntries(dataOf(...many));
  t.equal(images.size, mostImages);
  t.equal(invalid.length, 5);
  t.ok(mostImages * (longestEntryBytes + 24) < 1_048_576);
  t.equal(entryText({ ...agent, argv: ['x'.repeat(longestEntryBytes)] }), undefined);
  t.end();
});
