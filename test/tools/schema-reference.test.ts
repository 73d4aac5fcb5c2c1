import t from 'tap';
import { schemaReference } from './schema-reference.js';
import { policySchema } from '../../src/model/policy.js';
import { profileSchema } from '../../src/model/profile.js';

t.test('the reference has a row for each field, with type, default and meaning', (t) => {
  const text = schemaReference('InstrumentationPolicy', 'Who gets what.', policySchema);
  t.ok(text.startsWith('# InstrumentationPolicy\n\nWho gets what.\n\n| Field | Type | Default | Meaning |\n'));
  t.match(text, '| `spec.mode` | `Off`, `Report`, `Inject` | `"Inject"` | Off: the policy wins and nothing is done.');
  t.match(text, '| `spec.precedence` | integer | `0` |');
  t.match(text, '| `spec.profile.name` | string | required |');
  t.match(
    text,
    '| `spec.match.podSelector.matchExpressions[].operator` | `In`, `NotIn`, `Exists`, `DoesNotExist` | required |',
  );
  t.match(text, '| `spec.match.podSelector.matchLabels` | map to string |');
  t.match(text, '| `spec.containers.include` | list of string | `["*"]` |');
  const profile = schemaReference('InstrumentationProfile', 'A recipe.', profileSchema);
  t.match(profile, '| `spec.settings.NAME.type` | `string`, `integer`, `boolean` | `"string"` |');
  t.match(profile, '| `spec.sidecar.ports` | list of integer or object |');
  t.match(profile, '| `spec.env[].fromSecret` | `credentials` |');
  for (const line of `${text}${profile}`.split('\n').filter((line) => line.startsWith('|'))) {
    t.equal(line.replaceAll('\\|', '').split('|').length, 6, line);
  }
  t.end();
});
