import { createLogger } from '../../src/observe/logger.js';
import { Metrics, Registry } from '../../src/observe/metrics.js';
import { readSettings, settingKeys } from '../../src/settings/settings.js';
import { certificateFromFiles } from '../../src/server/certificates.js';
import { handlersFromFolder } from '../../src/server/configuration.js';
import { rejectCauses } from '../../src/server/rejection.js';
import type { CertificateSource } from '../../src/server/sources.js';
import { runService } from '../../src/server/run.js';

// A service in a process of its own, for the tests that send it signals.
const settings = readSettings({ flags: {}, env: process.env }, settingKeys);
const logger = await createLogger({ level: settings.logLevel, format: settings.logFormat });
const metrics = new Metrics({ registry: new Registry(), version: '0', nodeVersion: 'v0', rejectCauses });
const crash = process.argv.includes('--crash');
const waits: CertificateSource = (context) => {
  if (!process.argv.includes('--waits')) return certificateFromFiles(context);
  process.stdout.write('waiting\n');
  return new Promise(() => undefined);
};
const service = await runService({
  settings,
  logger,
  metrics,
  certificates: waits,
  closeLast: () => {
    process.stdout.write('closed\n');
    return Promise.resolve();
  },
  handlers: handlersFromFolder(() => ({
    pods: {
      mutate: () => {
        if (crash) void Promise.reject(new Error('nobody caught this'));
        return '{}';
      },
      validate: () => '{}',
    },
  })),
});
if (service !== undefined) {
  process.stdout.write(`${JSON.stringify({ webhookPort: service.webhookPort, plainPort: service.plainPort })}\n`);
}
