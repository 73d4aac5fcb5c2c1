// Writes dist/sbom.cdx.json: what is in the bundle, as CycloneDX, out of the lock file. `sbom.mjs`, after a build. npm says
// what the packages are; here it is said which of them are shipped, and what differs from run to run is taken out. Fails
// when the bundle holds what the lock file does not.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

// Not with --omit dev: npm then leaves out what the product and its tools both need, yaml and undici among them.
const asked = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
const { stdout, status, stderr } = spawnSync('npm', asked, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
if (status !== 0) throw new Error(`npm sbom failed: ${stderr}`);
const bom = JSON.parse(stdout);
const bundled = JSON.parse(readFileSync('dist/packages.json', 'utf8'));
const { name } = JSON.parse(readFileSync('package.json', 'utf8'));

const isBundled = (component) => bundled[nameOf(component)]?.includes(component.version) === true;
const nameOf = ({ purl }) => decodeURIComponent(/^pkg:npm\/(.+)@[^@]+$/.exec(purl)?.[1] ?? '');
const isForDevelopment = ({ properties = [] }) =>
  properties.some(({ name, value }) => name === 'cdx:npm:package:development' && value === 'true');
bom.components = bom.components.filter((component) => isBundled(component) || !isForDevelopment(component));
const kept = new Set([bom.metadata.component, ...bom.components].map((component) => component['bom-ref']));
bom.dependencies = bom.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((other) => kept.has(other)) }));
for (const component of bom.components) {
  component.scope = isBundled(component) ? 'required' : 'excluded';
  // Where this machine got the package from is nobody's business; the hash says which it is.
  delete component.externalReferences;
}
const known = new Set(bom.components.map((component) => `${nameOf(component)}@${component.version}`));
const missing = Object.entries(bundled).flatMap(([packageName, versions]) =>
  versions.map((version) => `${packageName}@${version}`).filter((id) => !known.has(id)),
);
if (missing.length > 0) {
  console.error(`sbom: in the bundle, and not in package-lock.json: ${missing.join(', ')}; run npm ci and build again`);
  process.exit(1);
}

// npm names the product after the folder it lies in.
bom.metadata.component.name = name;
bom.metadata.component.type = 'application';
delete bom.metadata.component.externalReferences;
const seconds = process.env.SOURCE_DATE_EPOCH;
if (seconds === undefined) delete bom.metadata.timestamp;
else bom.metadata.timestamp = new Date(Number(seconds) * 1000).toISOString();
delete bom.serialNumber;
const hash = createHash('sha256').update(JSON.stringify(bom)).digest('hex');
const uuid = hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5');
const { $schema, bomFormat, specVersion, ...rest } = bom;
writeFileSync(
  'dist/sbom.cdx.json',
  `${JSON.stringify({ $schema, bomFormat, specVersion, serialNumber: `urn:uuid:${uuid}`, ...rest }, undefined, 2)}\n`,
);
const shipped = bom.components.filter(({ scope }) => scope === 'required').length;
console.log(`dist/sbom.cdx.json: ${shipped} packages in the bundle, ${bom.components.length - shipped} beside it`);
