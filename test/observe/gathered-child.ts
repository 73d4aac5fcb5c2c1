import { createLogger } from '../../src/observe/logger.js';

// Logs forever, in a process of its own, and ends on SIGTERM as a server does.
const logger = await createLogger({ level: 'info', format: 'json' });
logger.info('begun');
setInterval(() => logger.info('a line'), 10);
process.on('SIGTERM', () => {
  logger.info('the last line');
  process.exit(0);
});
process.stdout.write('up\n');
