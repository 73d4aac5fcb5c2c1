/** A Linux distribution, by the words of os-release. */
export interface Distribution {
  /** As in os-release: `ubuntu`, `amzn`, `rhel`, …; empty when it is not known. */
  readonly id: string;
  readonly version: string;
  /** Its name for people. */
  readonly name: string;
}

/** The text of /etc/os-release (os-release(5)): shell assignments, values quoted or not. */
export function parseOsRelease(text: string): Distribution {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^([A-Z][A-Z0-9_]*)=(?:"([^"]*)"|'([^']*)'|(.*))$/.exec(line.trim());
    if (match?.[1] !== undefined) values.set(match[1], match[2] ?? match[3] ?? match[4] ?? '');
  }
  const version = values.get('VERSION_ID') ?? '';
  const id = idOf(values.get('ID') ?? '', version, values.get('VARIANT_ID') ?? '');
  return { id, version, name: values.get('PRETTY_NAME') ?? [id, version].join(' ').trim() };
}

function idOf(id: string, version: string, variant: string): string {
  // Amazon Linux 1 has the same ID as its successors, and a date for its version.
  if (id === 'amzn' && /^201\d\./.test(version)) return 'amzn-ami';
  // The CoreOS variants are images of their own with the ID of what they are made of.
  if (variant === 'coreos' && id === 'fedora') return 'fcos';
  return variant === 'coreos' && id === 'rhel' ? 'rhcos' : id;
}

/** Names in a node's `osImage`, which is the PRETTY_NAME of its os-release; the first that fits. */
const names: readonly (readonly [pattern: RegExp, id: string])[] = [
  [/^Red Hat Enterprise Linux CoreOS/, 'rhcos'],
  [/^Ubuntu Core/, 'ubuntu-core'],
  [/^Ubuntu/, 'ubuntu'],
  [/^Debian/, 'debian'],
  [/^Amazon Linux AMI/, 'amzn-ami'],
  [/^Amazon Linux/, 'amzn'],
  [/^Bottlerocket/, 'bottlerocket'],
  [/^Container-Optimized OS/, 'cos'],
  [/^SUSE Linux Enterprise Server/, 'sles'],
  [/^Red Hat Enterprise Linux/, 'rhel'],
  [/^CentOS/, 'centos'],
  [/^Fedora CoreOS/, 'fcos'],
  [/^Fedora/, 'fedora'],
  [/^Oracle Linux/, 'ol'],
];

/** The distribution that a node's `osImage` names. */
export function parseOsImage(osImage: string): Distribution {
  const id = names.find(([pattern]) => pattern.test(osImage))?.[1] ?? '';
  return { id, version: /\d+(\.\d+)*/.exec(osImage)?.[0] ?? '', name: osImage };
}
