import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';

const run = promisify(execFile);

t.test('the demonstration shows a diff and what holds, and leaves nothing running', async (t) => {
  const { stdout, stderr } = await run(process.execPath, ['dist/outrider.js', 'demo']);
  t.equal(stderr, '');
  t.match(stdout, /decision inject, reason injected/);
  t.match(stdout, '+  shareProcessNamespace: true');
  t.equal(stdout.match(/^ {3}✓ /gm)?.length, 4, 'each check holds');
  t.match(stdout, 'the server drained and ended with exit code 0');
  t.notMatch(stdout, '\u001b', 'no colours where nobody looks');
});
