import { readFileSync } from 'node:fs';

/**
 * The packages of which at least a byte is in a bundle: `{"name": ["version", …]}`, sorted.
 *
 * @param {{ outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }> }} metafile esbuild's
 * @returns {Record<string, string[]>}
 */
export function packagesOf(metafile) {
  const roots = new Set();
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const root = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
      if (root !== undefined && bytesInOutput > 0) roots.add(root);
    }
  }
  const found = new Map();
  for (const root of roots) {
    const { name, version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
    found.set(name, [...new Set([...(found.get(name) ?? []), version])].sort());
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
