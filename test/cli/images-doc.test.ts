import t from 'tap';
import { imageText } from '../../src/cli/image/text.js';
import { styleOf } from '../../src/cli/text/style.js';
import { pageText } from '../support/doc-commands.js';

const digest = `sha256:${'4be1c0ffee'.repeat(6)}4be1`;

t.test('what docs/images.md shows of outrider image is what the command prints', (t) => {
  const config = { entrypoint: ['/docker-entrypoint.sh'], cmd: ['nginx', '-g', 'daemon off;'] };
  const step = { subject: 'registry.example.com', result: 'ok', tookMs: 0 };
  const written = 'registry.example.com/shop/web:2.0.0';
  const platforms = [{ platform: 'linux/amd64', digest, config }];
  const printed = imageText(
    {
      written,
      platforms,
      found: true,
      source: 'registry',
      report: {
        outcome: { ok: true, config, source: 'registry' },
        reference: written,
        digest,
        platforms,
        credential: { source: 'docker config', kind: 'basic' },
        steps: [
          { ...step, step: 'credentials', subject: written, tookMs: 0.4 },
          { ...step, step: 'manifest', credential: 'docker config', subject: digest, tookMs: 38.2 },
          { ...step, step: 'config', credential: 'docker config', subject: digest, tookMs: 21.7 },
        ],
        tookMs: 61.3,
      },
    },
    styleOf(false),
  );
  t.ok(pageText('docs/images.md').includes(`\`\`\`text\n${printed}\`\`\`\n`), printed);
  t.end();
});
