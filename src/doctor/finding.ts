import type { Source } from './sources.js';

/** One thing that was looked at. */
export interface DoctorFinding {
  /** What was looked at, such as `kernel`. */
  readonly check: string;
  /** `ok`: as it should be. `note`: worth knowing. `problem`: something is in the way, and the exit code says so. */
  readonly result: 'ok' | 'note' | 'problem';
  /** What was found, in one sentence. */
  readonly detail: string;
  /** What helps; absent where nothing has to be done. */
  readonly remedy?: string;
  readonly source: Source;
}

/** True when nothing found is in the way. */
export function isHealthy(findings: readonly DoctorFinding[]): boolean {
  return findings.every(({ result }) => result !== 'problem');
}
