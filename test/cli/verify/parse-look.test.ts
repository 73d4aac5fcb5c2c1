import fc from 'fast-check';
import t from 'tap';
import { parseLook } from '../../../src/cli/verify/parse-look.js';
import { shownName } from '../../../src/cli/verify/shown-name.js';
import { lookText, type Described } from './looks.js';

/** What a kernel lets someone call a process: any bytes but NUL, the line break and the backslash escaped. */
const kernelName = fc
  .string({ unit: 'binary', maxLength: 15 })
  .map((name) => name.replaceAll('\0', '').replaceAll('\\', '\\\\').replaceAll('\n', '\\n'));

const described: fc.Arbitrary<Described> = fc.record({
  pid: fc.integer({ min: 1, max: 99_999 }),
  parent: fc.integer({ min: 0, max: 99_999 }),
  name: kernelName,
  cgroup: fc.constantFrom('/', '/kubepods/besteffort/podx/aaaa', '/../cri-containerd-bbbb.scope'),
  tracer: fc.integer({ min: 0, max: 99_999 }),
});

t.test('a look is read back as it was, whatever processes are called', (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(described, { selector: ({ pid }) => pid, maxLength: 20 }), (all) => {
      const look = parseLook(lookText(all));
      if (look?.complete !== true || look.processes.size !== all.length) return false;
      return all.every(({ pid, name, parent, tracer, cgroup }) => {
        const found = look.processes.get(pid);
        return (
          found?.name === name &&
          found.parent === parent &&
          found.cgroups[0] === cgroup &&
          found.tasks.length === 1 &&
          found.tasks[0]?.tracer === tracer
        );
      });
    }),
  );
  t.end();
});

t.test('what is not of the form of a look is none', (t) => {
  for (const text of [
    '',
    'look 2\nend 0\n',
    'look 1\nlook 1\nend 0\n',
    'look 1\ntask 1 1 S\nend 1\n',
    'look 1\ntask 1 1 S 0 0\nend 1\n',
    'look 1\ntask -1 1 S 0\nend 1\n',
    'look 1\ntask 1 1 SS 0\nend 1\n',
    'look 1\nprocess 1 0 5 0 a\nprocess 1 0 5 0 b\nend 1\n',
    'look 1\nprocess 1 0 5 0x0 a\nend 1\n',
    'look 1\nprocess 1 0 5 a\nend 1\n',
    'look 1\ncgroup 1 relative\nend 1\n',
    'look 1\ncut\ntask 1 1 S 0\nend 1\n',
    'look 1\nend 0\nend 0\n',
    'look 1\r\nend 0\r\n',
    ' look 1\nend 0\n',
  ]) {
    t.equal(parseLook(text), undefined, JSON.stringify(text));
  }
  t.end();
});

t.test('what ends early is incomplete, at whichever line', (t) => {
  const lines = lookText([
    { pid: 1, parent: 0, name: 'pause', cgroup: '/p' },
    { pid: 7, parent: 0, name: 'instrument', cgroup: '/a' },
  ]).split('\n');
  for (let kept = 1; kept < lines.length - 1; kept++) {
    const look = parseLook(`${lines.slice(0, kept).join('\n')}\n`);
    t.equal(look?.complete, false, `${kept} lines`);
  }
  t.equal(parseLook('look 1\ntask 1 1 S 0\ncut\nend 20001\n')?.complete, false);
  t.equal(parseLook('look 1\ntask 1 1 ? ?\nend 1\n')?.processes.get(1)?.tasks[0]?.tracer, undefined);
  t.end();
});

t.test('any text is read or refused, never an exception, and quickly', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      parseLook(text);
      parseLook(`look 1\n${text}`);
      return true;
    }),
  );
  const beganMs = performance.now();
  parseLook(`look 1\n${'task 1 2 S 0\n'.repeat(200_000)}end 1\n`);
  parseLook(`look 1\nprocess 1 1 1 0 ${' '.repeat(2_000_000)}\nend 1\n`);
  t.ok(performance.now() - beganMs < 3_000);
  t.end();
});

t.test('a name is shown so that it can neither hide nor pass for something of ours', (t) => {
  t.equal(shownName('nginx'), 'nginx');
  t.equal(shownName('kworker/0:0H'), 'kworker/0:0H');
  t.equal(shownName('nginx: worker'), '"nginx: worker"');
  t.equal(shownName(''), '""');
  t.equal(shownName('a", 7 b'), '"a\\", 7 b"');
  t.equal(shownName('\u001b[32m✓\u202e'), '"\\u{1b}[32m✓\\u{202e}"');
  t.equal(shownName('x'.repeat(70)), `"${'x'.repeat(64)}"…`);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => {
      const shown = shownName(name);
      return (
        !/[\p{C}\p{Zl}\p{Zp}]/u.test(shown) && (/^[\w./:@+-]+$/.test(shown) || /^"(?:[^"\\]|\\.)*"…?$/su.test(shown))
      );
    }),
  );
  t.end();
});
