import { readdirSync, readFileSync } from 'node:fs';

/**
 * The packages of which at least a byte is in a bundle: `{"name": ["version", …]}`, sorted.
 *
 * @param {{ outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }> }} metafile esbuild's
 * @returns {Record<string, string[]>}
 */
export function packagesOf(metafile) {
  const found = new Map();
  for (const root of rootsOf(metafile)) {
    const { name, version } = manifestOf(root);
    found.set(name, [...new Set([...(found.get(name) ?? []), version])].sort());
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The licences of the same packages, as their authors ask to have them passed on: each text once, with whose it is.
 *
 * @param {Parameters<typeof packagesOf>[0]} metafile
 * @returns {string}
 */
export function licencesOf(metafile) {
  const byText = new Map();
  for (const root of rootsOf(metafile)) {
    const { name, version, license } = manifestOf(root);
    const files = readdirSync(root).filter((file) => /^(licen[cs]e|copying|notice)(\b|_|$)/i.test(file));
    const texts = files.sort().map((file) => readFileSync(`${root}/${file}`, 'utf8').replaceAll('\r\n', '\n').trim());
    const text = texts.length === 0 ? `Licence: ${license}. The package holds no text of it.` : texts.join('\n\n');
    byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}`].sort());
  }
  const parts = [...byText].map(([text, names]) => `${names.join(', ')}\n\n${text}\n`).sort();
  return `Outrider contains code of these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

function rootsOf(metafile) {
  const roots = new Set();
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const root = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
      if (root !== undefined && bytesInOutput > 0) roots.add(root);
    }
  }
  return [...roots].sort();
}

function manifestOf(root) {
  return JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
}
