/** A host and its port, taken apart. */
export interface HostPort {
  /** In lower case, without brackets and without a trailing dot. */
  readonly host: string;
  readonly port: string | undefined;
}

/** Takes `HOST`, `HOST:PORT` or `[IPV6]:PORT` apart. */
export function splitHostPort(text: string): HostPort {
  const lower = text.toLowerCase();
  const [, bracketed, bracketPort] = /^\[([^\]]*)\](?::(\d+))?$/.exec(lower) ?? [];
  if (bracketed !== undefined) return { host: bracketed, port: bracketPort };
  const [, host = lower, port] = /^([^:]*):(\d+)$/.exec(lower) ?? [];
  return { host: host.replace(/\.$/, ''), port };
}

/**
 * Does a host match a pattern? `*` stands for any characters, dots too; a pattern without a port matches every port.
 *
 * @param pattern Such as `ghcr.io`, `*.corp.example`, `localhost:5000`.
 * @param host `HOST` or `HOST:PORT`.
 */
export function matchesHost(pattern: string, host: string): boolean {
  const wanted = splitHostPort(pattern);
  const given = splitHostPort(host);
  return (wanted.port === undefined || wanted.port === given.port) && matchesGlob(wanted.host, given.host);
}

/** Glob with `*` only, without backtracking: each piece is taken at its first place. */
function matchesGlob(glob: string, text: string): boolean {
  const [first = '', ...pieces] = glob.split('*');
  const last = pieces.pop();
  if (last === undefined) return text === glob;
  if (!text.startsWith(first)) return false;
  let position = first.length;
  for (const piece of pieces) {
    const found = text.indexOf(piece, position);
    if (found === -1) return false;
    position = found + piece.length;
  }
  return text.length - last.length >= position && text.endsWith(last);
}
