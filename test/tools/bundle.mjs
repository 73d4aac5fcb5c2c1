// Bundles the compiled command: a server that starts in a third of the time and half the memory of the same code loaded
// module by module. What only some commands load (the Kubernetes client, for one) is put into files of its own.
import { build } from 'esbuild';
import { chmod, rm } from 'node:fs/promises';

await rm('dist/chunks', { recursive: true, force: true });
await build({
  entryPoints: { outrider: 'dist/src/main.js' },
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  splitting: true,
  bundle: true,
  platform: 'node',
  target: 'node20',
  // A CommonJS module behind a dynamic import would have no named exports in a file of its own.
  mainFields: ['module', 'main'],
  format: 'esm',
  sourcemap: 'linked',
  legalComments: 'linked',
  logLevel: 'warning',
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
});
await chmod('dist/outrider.js', 0o755);
