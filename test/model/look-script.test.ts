import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import t from 'tap';
import { lookArgv } from '../../src/model/look-script.js';
import { parseLook } from '../../src/cli/verify/parse-look.js';

// The busybox of Outrider's image is Debian's static one, as this is where it is there.
const busybox = '/usr/bin/busybox';
const options = existsSync(busybox) ? {} : { skip: `there is no ${busybox} here` };

t.test('the script prints what the parser reads, of this machine’s own processes', options, async (t) => {
  // A name that looks like fields of its own: 15 bytes, as many as a kernel keeps.
  const name = 'a\nTracerPid:\t1';
  const child = spawn(
    process.execPath,
    ['-e', `process.title = ${JSON.stringify(name)}; console.log('up'); setTimeout(() => 0, 60000)`],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  t.teardown(() => child.kill());
  await once(child.stdout, 'data');
  const [program = '', ...parameters] = lookArgv(busybox);
  const text = execFileSync(program, parameters, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const look = parseLook(text);
  t.equal(look?.complete, true);
  const own = look?.processes.get(process.pid);
  t.match(own, { name: /^(node|MainThread)/, tasks: [{ tid: Number, tracer: 0 }] });
  t.ok((own?.tasks.length ?? 0) > 1, 'with its threads');
  t.ok((own?.cgroups.length ?? 0) > 0);
  const seen = look?.processes.get(child.pid ?? 0);
  t.match(seen, { parent: process.pid, tasks: [{ tracer: 0 }] }, 'a name does not pass for a field');
  t.match(seen?.name, /^a\\n/, 'and has no line of its own');
  t.ok((seen?.start ?? 0) >= (own?.start ?? Infinity), 'it started later');
});
