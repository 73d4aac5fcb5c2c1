import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, readCases, reportText, runCase } from './cases.js';

// `node dist/test/golden/regenerate.js` writes the outputs and reports of all cases again: read the diff before you
// commit.
for (const one of readCases()) {
  const { output, report } = await runCase(one);
  writeFileSync(join(folder, one.name, 'output.yaml'), output);
  writeFileSync(join(folder, one.name, 'report.json'), reportText(report));
}
