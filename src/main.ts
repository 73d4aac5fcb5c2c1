import process from 'node:process';
import { commands } from './cli/commands.js';
import { demo } from './cli/demo.js';
import { processIo } from './cli/io.js';
import { run } from './cli/program.js';
import { serve } from './cli/serve.js';

const print = (text: string): void => {
  process.stdout.write(text);
};
const [command, ...rest] = process.argv.slice(2);
if (command === 'demo') await demo({ program: process.argv[1] ?? '', print, colour: process.stdout.isTTY });
else if (command === 'serve') {
  const flags = Object.fromEntries(
    rest
      .map((word) => word.replace(/^--/, '').split('='))
      .map(([name, value]) => [(name ?? '').replace(/-(.)/g, (_m, letter: string) => letter.toUpperCase()), value]),
  );
  await serve({ flags, env: process.env, print });
} else {
  // The exit code is set, not forced, so that what is still in a pipe gets out.
  process.exitCode = await run(commands, process.argv.slice(2), processIo());
}
