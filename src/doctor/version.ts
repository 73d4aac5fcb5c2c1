/** Major, minor and patch level. */
export type Version = readonly [major: number, minor: number, patch: number];

/**
 * The first version in a text: `v1.33.1-eks-1234` is 1.33.1, `containerd://2.1.4` is 2.1.4, `5.10.0-28-amd64` is
 * 5.10.0. `undefined` when there is none.
 */
export function parseVersion(text: string): Version | undefined {
  const match = /(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/** Whether a version is at least another. */
export function atLeast(version: Version, least: Version): boolean {
  for (const [index, wanted] of least.entries()) {
    const part = version[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
