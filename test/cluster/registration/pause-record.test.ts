import t from 'tap';
import {
  holds,
  isOlderMarkIgnored,
  markIn,
  markText,
  olderMarkIn,
  pauseAt,
  pauseSentence,
  untilText,
  type Pause,
} from '../../../src/cluster/registration/pause-record.js';
import { names } from '../../../src/model/names.js';
import type { JsonObject } from '../../../src/model/json.js';

const at = Date.parse('2026-11-22T10:00:00Z');
const annotated = (name: string, value: string): JsonObject => ({ metadata: { annotations: { [name]: value } } });
const marked = (value: string): JsonObject => annotated(names.paused, value);
const older = (value: string): JsonObject => annotated(names.pausedUntil, value);
const none = { mutating: undefined, validating: undefined, configMap: undefined };

t.test('what is written is what is read', (t) => {
  const pause: Pause = {
    untilMs: at + 60_000,
    since: '2026-11-22T10:00:00Z',
    by: 'jane',
    reason: 'registry is down',
    marker: 'configurations',
  };
  t.same(markIn(marked(markText(pause))), pause);
  t.equal(
    pauseSentence({ ...pause, until: untilText(pause) }),
    'until 2026-11-22T10:01:00Z, since 2026-11-22T10:00:00Z, by jane as its marker says (registry is down)',
  );
  t.equal(pauseSentence({ until: 'forever' }), 'until it is resumed');
  t.end();
});

t.test('a marker is read for what somebody wanted', (t) => {
  const reads = (value: string): boolean => holds(olderMarkIn(older(value)), at);
  t.same(
    ['forever', '2026-11-22T10:00:01Z', 'tomorrow', '2026-11-22T10:00:00Z', '2020-01-01T00:00:00Z', '', ' '].map(reads),
    [true, true, true, false, false, false, false],
  );
  const says = (value: string): boolean => holds(markIn(marked(value)), at);
  t.same(
    [
      '{"until":"forever"}',
      '{"until":"2026-11-22T10:00:01Z"}',
      '{}',
      'yes',
      '{"until":"2020-01-01T00:00:00Z"}',
      '',
    ].map(says),
    [true, true, true, true, false, false],
  );
  t.notOk(holds(markIn(undefined), at));
  t.end();
});

t.test('F31: a marker’s words move no cursor, and are not long', (t) => {
  const mark = markIn(marked(JSON.stringify({ until: 'forever', by: 'j\u001b[2Jane\n', reason: 'x'.repeat(1_000) })));
  t.equal(mark?.by, 'j [2Jane');
  t.equal(mark?.reason?.length, 256);
  t.end();
});

t.test('F31: of the configurations’ markers the longest counts; one that is over counts for nothing', (t) => {
  const short = marked('{"until":"2026-11-22T10:10:00Z"}');
  const long = marked('{"until":"2026-11-22T10:20:00Z"}');
  const over = marked('{"until":"2026-11-22T09:00:00Z"}');
  t.equal(pauseAt({ ...none, mutating: short, validating: long }, at)?.untilMs, Date.parse('2026-11-22T10:20:00Z'));
  t.equal(pauseAt({ ...none, mutating: over, validating: short }, at)?.untilMs, Date.parse('2026-11-22T10:10:00Z'));
  t.equal(pauseAt({ ...none, mutating: over, validating: {} }, at), undefined);
  t.end();
});

t.test('F31: the ConfigMap’s marker counts only where both configurations are gone', (t) => {
  const configMap = older('forever');
  t.equal(pauseAt({ ...none, configMap }, at)?.marker, 'ConfigMap');
  t.notOk(isOlderMarkIgnored({ ...none, configMap }, at));
  for (const there of [
    { mutating: {} },
    { validating: {} },
    { mutating: marked('{"until":"2020-01-01T00:00:00Z"}') },
  ]) {
    t.equal(pauseAt({ ...none, ...there, configMap }, at), undefined);
    t.ok(isOlderMarkIgnored({ ...none, ...there, configMap }, at));
  }
  t.end();
});
