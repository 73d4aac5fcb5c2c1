/** How much of a command is written down. */
export const longestCommandBytes = 1024;

const mask = '***';
// Only this many characters of a command are examined: the rest would be cut off anyway.
const longestWord = 4 * longestCommandBytes;

/** Names of values that nobody should read. */
const secretName =
  '(?:passw(?:or)?d|passphrase|secret|token|api[-_.]?key|access[-_.]?key|private[-_.]?key|credentials?)';
/** `--password`, `-token`, `API_KEY`: the next word is the value. */
const namesNext = new RegExp(`^--?[\\w.-]{0,64}${secretName}[\\w.-]{0,64}$`, 'i');
/** What is in a text, as in `NAME=value`, `--name=value`, `"name": "value"`; the value up to its end. */
const assigned = new RegExp(
  `(${secretName}[\\w.-]{0,64}["']?\\s{0,4}[=:]\\s{0,4})("[^"]*"?|'[^']*'?|[^\\s"'&;|]+)`,
  'gi',
);
/** The same in a shell's words, `--password value`. */
const behindFlag = new RegExp(
  `(--?[\\w.-]{0,64}${secretName}[\\w.-]{0,64}\\s{1,4})("[^"]*"?|'[^']*'?|[^\\s"'&;|]+)`,
  'gi',
);
const header = /\b((?:bearer|basic)\s{1,4})[\w.~+/=-]{4,}/gi;
const authorization = /\b(authorization["']?\s{0,4}[:=]\s{0,4})(?!(?:bearer|basic)\s)[^\s"']+/gi;
const userInfo = /(:\/\/)[^\s/@"']{1,256}@/g;
/**
 * Forms that are recognisable by themselves: a JSON web token, the ids and keys of clouds and forges, a private key.
 */
const known =
  /\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[opsru]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abprs]-[\w-]{8,}|-----BEGIN[ A-Z]*PRIVATE KEY-----[^]*/g;

/**
 * The words of a command as one line for logs and audit: as a shell would be given them, 1 KiB at most, with what looks
 * like a secret masked. Masking relies on well-known names and forms; a secret with none of them is not found.
 */
export function commandText(words: readonly string[]): string {
  const shown: string[] = [];
  let bytes = 0;
  let secretFollows = false;
  for (const word of words) {
    const start = word.slice(0, longestWord);
    const text = secretFollows && !start.startsWith('-') ? mask : shownWord(masked(start));
    secretFollows = namesNext.test(start);
    shown.push(text);
    bytes += Buffer.byteLength(text) + 1;
    if (bytes > longestCommandBytes + 1) break;
  }
  return cut(shown.join(' '), longestCommandBytes);
}

/**
 * A text that others wrote in part, for logs and audit: on one line, 1 KiB at most, with what looks like a secret
 * masked.
 */
export function recordText(text: string): string {
  return cut(onOneLine(masked(text.slice(0, longestWord))), longestCommandBytes);
}

function masked(text: string): string {
  return text
    .replace(known, mask)
    .replace(userInfo, `$1${mask}@`)
    .replace(header, `$1${mask}`)
    .replace(authorization, `$1${mask}`)
    .replace(assigned, `$1${mask}`)
    .replace(behindFlag, `$1${mask}`);
}

/** A word that needs no quotes in a shell stays as it is; any other is quoted, on one line. */
function shownWord(word: string): string {
  return /^[\w@%+=:,./*-]+$/.test(word) ? word : JSON.stringify(onOneLine(word));
}

function onOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, ' ');
}

/** The first bytes of a text, without part of a character at the end. */
function cut(text: string, longestBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= longestBytes) return text;
  const ellipsis = '…';
  const kept = bytes.subarray(0, longestBytes - Buffer.byteLength(ellipsis)).toString('utf8');
  return `${kept.replace(/\uFFFD+$/, '')}${ellipsis}`;
}
