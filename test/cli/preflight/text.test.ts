import t from 'tap';
import { preflightMarkdown } from '../../../src/cli/preflight/markdown.js';
import { preflightText, tooSmall } from '../../../src/cli/preflight/text.js';
import { styleOf } from '../../../src/cli/text/style.js';
import { previewWith, refusedBy, totalsOf } from './scene.js';

const plainStyle = styleOf(false);

t.test('a refusal says who, in which words, and what helps', (t) => {
  const preview = previewWith([
    { namespace: 'shop', name: 'web', verdict: refusedBy('too dear') },
    { namespace: 'shop', name: 'api', verdict: refusedBy('too dear') },
    { namespace: 'shop', name: 'old', verdict: refusedBy('no team', 'refused') },
    { namespace: 'shop', name: 'new', verdict: { kind: 'admitted' } },
    { namespace: 'shop', name: 'odd', verdict: { kind: 'unknown', why: 'no answer' } },
  ]);
  const text = preflightText(preview, [], totalsOf(preview), { wide: false, style: plainStyle });
  t.match(
    text,
    '✗ shop  webhook budget.example.com refuses deploy/web, deploy/api\n    too dear\n    fix: ask whoever runs it\n',
  );
  t.match(text, '! shop  webhook budget.example.com refuses deploy/old, as now\n');
  t.match(text, '? shop  not known for deploy/odd\n    no answer\n');
  t.match(
    text,
    '5 workloads: the pods of 1 would be created; those of 3 refused, of 1 as now; of 1 it is not known.\n',
  );
  t.match(text, 'nothing was created.');
  t.notMatch(text, 'creates it');
  const wide = preflightText(preview, [], totalsOf(preview), { wide: true, style: plainStyle });
  t.match(wide, /shop +deploy\/new +skip no_policy +inject injected +creates it\n/);
  t.match(wide, /deploy\/old .*webhook budget\.example\.com refuses it, as now\n/);
  t.end();
});

t.test('what a webhook says is text, on a terminal and in a comment', (t) => {
  const words = 'no\u001b[2J <img src=x> @all | [x](http://x)\nsecond line';
  const preview = previewWith([{ namespace: 'shop', name: 'web', verdict: refusedBy(words) }]);
  const text = preflightText(preview, [], totalsOf(preview), { wide: true, style: plainStyle });
  t.notMatch(text, '\u001b');
  t.match(text, '    no <img src=x> @all | [x](http://x) second line\n');
  const comment = preflightMarkdown(preview, [], totalsOf(preview));
  t.notMatch(comment, '\u001b');
  t.notMatch(comment, /@all/);
  t.match(comment, '\\<img src=x\\>');
  t.equal(comment.split('\n').filter((line) => line.includes('second line')).length, 1, 'one row');
  t.end();
});

t.test('a comment stays below what one may hold', (t) => {
  const many = Array.from({ length: 3_000 }, (_, index) => ({
    namespace: `team-${index}`,
    name: 'web',
    verdict: refusedBy('x'.repeat(1_000)),
  }));
  const preview = previewWith(many);
  const comment = preflightMarkdown(preview, [], totalsOf(preview));
  t.ok(comment.length < 65_536, `${comment.length} characters`);
  t.match(comment, /\d+ more: outrider preflight lists them\./);
  t.end();
});

t.test('quotas that all pods together do not fit into are named, and those that may not be read', (t) => {
  const row = { quota: 'compute', resource: 'requests.cpu', hard: 4_000_000_000n, used: 3_000_000_000n };
  const sums = { pods: 12, uncounted: 0, now: new Map(), then: new Map(), change: new Map() };
  const fits = { ...row, change: 1_000_000_000n, fits: true };
  const bursts = { ...row, change: 2_000_000_000n, fits: false };
  t.strictSame(
    tooSmall([
      { ...sums, namespace: 'a', quotas: [fits] },
      { ...sums, namespace: 'b', quotas: [fits, bursts] },
      { ...sums, namespace: 'c', quotas: undefined },
    ]).map((line) => line.slice(0, 40)),
    ['b  all pods together: quota compute: req', 'c  all pods together: its quotas may not'],
  );
  t.end();
});
