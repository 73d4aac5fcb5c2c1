import { readFileSync } from 'node:fs';
import t from 'tap';
import { reasonCodes, reasons } from '../../src/model/reasons.js';
import { generatedFiles, repositoryRoot } from './generated.js';
import { reasonsDoc } from './reasons-doc.js';

t.test('what is committed is what is generated', (t) => {
  for (const { path, make } of generatedFiles) {
    t.equal(readFileSync(new URL(path, repositoryRoot), 'utf8'), make(), `${path}; run npm run generate`);
  }
  t.equal(new Set(generatedFiles.map(({ path }) => path)).size, generatedFiles.length, 'each file has one maker');
  t.end();
});

t.test('the page of reasons has each code once, with its sentences', (t) => {
  const page = reasonsDoc();
  for (const code of reasonCodes) {
    t.equal(page.split(`### ${code}\n`).length, 2, code);
    t.ok(page.includes(`${reasons[code].summary}\n\nWhat helps: ${reasons[code].remedy}\n`), code);
  }
  t.end();
});
