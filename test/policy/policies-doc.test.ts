import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { policySchema } from '../../src/model/policy.js';
import { reasons } from '../../src/model/reasons.js';

const page = readFileSync(new URL('../../../docs/policies.md', import.meta.url), 'utf8');

t.test('the policies on the page are valid', (t) => {
  const examples = [...page.matchAll(/^```yaml\n(.*?)^```/gms)]
    .map(([, text = '']) => text)
    .filter((text) => text.includes('kind: InstrumentationPolicy'));
  t.ok(examples.length > 0);
  for (const example of examples) {
    const parsed = policySchema.safeParse(parse(example));
    t.ok(parsed.success, parsed.error?.message ?? 'valid');
  }
  t.end();
});

t.test('F8: the policies for meshes and Vault on the page are those that the golden cases run', (t) => {
  for (const name of ['istio', 'linkerd', 'vault']) {
    const file = new URL(`../../../test/golden/policies/security-${name}.yaml`, import.meta.url);
    t.ok(page.includes(`\n\`\`\`yaml\n${readFileSync(file, 'utf8')}\`\`\`\n`), name);
  }
  t.end();
});

t.test('the reasons on the page exist', (t) => {
  const codes = [...page.matchAll(/`([a-z0-9]+(?:_[a-z0-9]+)+)`/g)].map(([, code = '']) => code);
  t.ok(codes.length > 15);
  for (const code of codes) t.ok(Object.hasOwn(reasons, code), code);
  t.end();
});
