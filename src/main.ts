import process from 'node:process';
import { commands } from './cli/commands.js';
import { processIo } from './cli/io.js';
import { run } from './cli/program.js';

// The exit code is set, not forced, so that what is still in a pipe gets out.
process.exitCode = await run(commands, process.argv.slice(2), processIo());
