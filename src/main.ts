import { version } from './model/version.js';

process.stdout.write(`outrider ${version}\n`);
