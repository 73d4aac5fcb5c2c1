import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of the files in a folder, in the order of their names; none where there is no such folder. */
export function filesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
