/** Major, minor and patch level, and `-1` after them for a pre-release of that version. */
export type Version = readonly [major: number, minor: number, patch: number, stage?: -1];

/** A version that is out. */
export type Release = readonly [major: number, minor: number, patch: number];

/** Suffixes of builds before a release. `-eks-1`, `-gke.1`, `-k3s1`, `-generic` and the like come after one. */
const preRelease = /^[-~.]?(?:alpha|beta|rc|pre|dev)\b|^[-~.](?:alpha|beta|rc|pre|dev)[.\d]/;

/**
 * The first version in a text: `v1.33.1-eks-1234` is 1.33.1, `containerd://2.1.4` is 2.1.4, `5.10.0-28-amd64` is
 * 5.10.0, `v1.35.0-rc.1` comes before 1.35.0. `undefined` when there is none.
 */
export function parseVersion(text: string): Version | undefined {
  const match = /(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?/.exec(text);
  if (match === null) return undefined;
  const version = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] as const;
  return preRelease.test(text.slice(match.index + match[0].length)) ? [...version, -1] : version;
}

/** Whether a version is at least another; a pre-release is not yet its version. */
export function atLeast(version: Version, [major, minor, patch]: Release): boolean {
  for (const [index, wanted] of [major, minor, patch].entries()) {
    const part = version[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return version[3] === undefined;
}
