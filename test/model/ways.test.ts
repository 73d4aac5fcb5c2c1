import t from 'tap';
import { ways } from '../../src/model/ways.js';

t.test('each way into a running pod has a door that can deny', (t) => {
  for (const { key, doors } of ways) t.ok(doors.validate.maySay.includes('denial'), key);
  t.same(
    ways.map(({ key }) => key),
    ['exec', 'attach', 'debug', 'updates'],
  );
  t.end();
});
