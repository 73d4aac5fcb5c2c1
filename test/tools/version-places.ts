import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A place that says the version: what is before it, and what has to be after it. */
interface Place {
  readonly file: string;
  readonly pattern: RegExp;
}

/** What a version looks like. */
const version = String.raw`\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)\.\d+)?`;

/** An image, the chart, npm's package or a release of ours, wherever a page or a manifest names it with its version. */
const named = new RegExp(
  String.raw`((?:/outrider:|\boutrider-|charts/outrider --version |outrider@|app\.kubernetes\.io/version: |/download/v|refs/tags/v))(${version})\b`,
  'g',
);

const fixed: readonly Place[] = [
  { file: 'package.json', pattern: new RegExp(`("version": ")(${version})(?=")`) },
  // The first two are the package's own.
  {
    file: 'package-lock.json',
    pattern: new RegExp(`(^\\{\\n {2}"name": "outrider",\\n {2}"version": ")(${version})(?=")`),
  },
  {
    file: 'package-lock.json',
    pattern: new RegExp(
      `("packages": \\{\\n {4}"": \\{\\n {6}"name": "outrider",\\n {6}"version": ")(${version})(?=")`,
    ),
  },
  { file: 'src/model/version.ts', pattern: new RegExp(`(version = ')(${version})(?=')`) },
  ...['outrider', 'outrider-crds'].flatMap((chart) =>
    ['version', 'appVersion'].map((key) => ({
      file: `deploy/helm/${chart}/Chart.yaml`,
      pattern: new RegExp(`(^${key}: "?)(${version})`, 'm'),
    })),
  ),
];

/** Where the version is in a repository, and which one it is there. */
export function statedVersions(
  root: string,
): readonly { readonly file: string; readonly version: string | undefined }[] {
  return [
    ...fixed.map(({ file, pattern }) => ({ file, version: pattern.exec(read(root, file))?.[2] })),
    ...pages(root).flatMap((file) =>
      [...read(root, file).matchAll(named)].map(([, , stated]) => ({ file, version: stated })),
    ),
    ...released(read(root, 'CHANGELOG.md'))
      .slice(0, 1)
      .map((stated) => ({ file: 'CHANGELOG.md', version: stated })),
  ];
}

/**
 * Sets the version everywhere, and closes what is unreleased in the changelog and the upgrade notes under it.
 *
 * @param date `YYYY-MM-DD`
 * @returns the files that were changed
 * @throws Error for what is not a version, or one that was released
 */
export function setVersion(root: string, next: string, date: string): readonly string[] {
  if (!new RegExp(`^${version}$`).test(next))
    throw new Error(`${next} is no version; give one such as 1.2.3 or 1.2.3-rc.1.`);
  if (released(read(root, 'CHANGELOG.md')).includes(next)) throw new Error(`${next} has been released.`);
  const changed = new Set<string>();
  const change = (file: string, text: string): void => {
    if (text === read(root, file)) return;
    writeFileSync(join(root, file), text);
    changed.add(file);
  };
  for (const { file, pattern } of fixed) change(file, read(root, file).replace(pattern, `$1${next}`));
  for (const file of pages(root)) change(file, read(root, file).replace(named, `$1${next}`));
  for (const file of ['CHANGELOG.md', 'docs/upgrade.md']) {
    change(file, read(root, file).replace(/^## Unreleased\n/m, `## Unreleased\n\n## ${next} (${date})\n`));
  }
  return [...changed].sort();
}

function released(changelog: string): readonly string[] {
  return [...changelog.matchAll(new RegExp(`^## (${version})(?= )`, 'gm'))].flatMap(([, stated]) => stated ?? []);
}

/** What people and clusters read. What has been decided or has happened keeps the version of its time. */
function pages(root: string): readonly string[] {
  const below = ['docs', 'deploy'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  );
  const texts = below.filter((file) => /\.(md|ya?ml)$/.test(file) && !/^docs\/(decisions\/|upgrade\.md)/.test(file));
  return ['README.md', ...texts.sort()];
}

function read(root: string, file: string): string {
  return readFileSync(join(root, file), 'utf8');
}
