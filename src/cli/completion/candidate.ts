/** The word that asks for candidates. Only scripts write it. */
export const completeWord = '__complete';

/** A word that could come next. */
export interface Candidate {
  readonly value: string;
  readonly description?: string;
}

/** Everything that could come next. */
export interface Candidates {
  readonly candidates: readonly Candidate[];
  /** Whether file names fit too. */
  readonly files: boolean;
  /** Whether more follows in the same word, so that no blank comes after it: `deploy/`, `region=`. */
  readonly goesOn: boolean;
}

/** Complete words; file names do not fit. */
export function words(values: readonly string[]): Candidates {
  return { candidates: values.map((value) => ({ value })), files: false, goesOn: false };
}

/** No known candidates; the shell offers files. */
export const files: Candidates = { candidates: [], files: true, goesOn: false };

/** Nothing at all. */
export const nothing: Candidates = { candidates: [], files: false, goesOn: false };

/**
 * Writes candidates in the form that kubectl and our own scripts read, which is Cobra's: one candidate a line, a tab before
 * the description, and on the last line `:` with a number: 2 for no blank, 4 for no files.
 */
export function candidatesText({ candidates, files, goesOn }: Candidates): string {
  const lines = candidates.flatMap(({ value, description }) => {
    if (!isPlain(value)) return [];
    return [description === undefined ? value : `${value}\t${oneLine(description)}`];
  });
  return [...lines, `:${String((goesOn ? 2 : 0) + (files ? 0 : 4))}`, ''].join('\n');
}

/** A name from a kubeconfig or a cluster is untrusted text. Names that would break the form are left out. */
function isPlain(value: string): boolean {
  return value !== '' && !value.startsWith(':') && !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(value);
}

const longestDescription = 80;

function oneLine(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length <= longestDescription ? line : `${line.slice(0, longestDescription - 1)}…`;
}
