import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// The clock on the wall jumps for one process: libfaketime, of the Debian package of that name, answers in the place of the
// C library and reads the offset from a file each time. The monotonic clock goes on, as it does where a clock is set.

/** The clock of one process, which a test sets. */
export interface SetClock {
  /** What the process is started with. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets how far it is from the real one: `+0`, `-1d`, `+8h`. */
  readonly set: (offset: string) => void;
}

/**
 * Makes a clock for a process that is to be started.
 * @param parent folder for the file with the offset
 */
export function createSetClock(parent: string, offset: string): SetClock {
  const library = execFileSync('dpkg', ['--listfiles', 'libfaketime'], { encoding: 'utf8' })
    .split('\n')
    .find((path) => path.endsWith('/libfaketime.so.1'));
  const file = join(mkdtempSync(join(parent, 'clock-')), 'offset');
  writeFileSync(file, offset);
  return {
    env: {
      LD_PRELOAD: library ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    set: (text) => writeFileSync(file, text),
  };
}
