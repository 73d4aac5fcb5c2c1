import t from 'tap';
import { hasPlaceholder } from '../../src/model/loop-placeholders.js';

t.test('W21: placeholders of a loop, in both of their forms', (t) => {
  for (const text of ['${Name}', '&{Name}', 'shop/${Name}:1', '${Other}-&{Name}']) t.ok(hasPlaceholder(text, ['Name']));
  for (const text of ['', 'Name', '${name}', '${!Name}', '${Name.Arn}', '$Name', '{Name}', '${Other}'])
    t.notOk(hasPlaceholder(text, ['Name']), text);
  t.ok(hasPlaceholder('${B}', ['A', 'B']), 'of any of the loops');
  t.notOk(hasPlaceholder('${A}', []));
  t.end();
});
