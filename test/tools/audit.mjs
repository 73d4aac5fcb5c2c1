// Asks the registry about known vulnerabilities in what is shipped: the packages of dist/packages.json, after a build. A
// registry without that endpoint is said to be not checked; a finding fails.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const { stdout } = spawnSync('npm', ['audit', '--json', '--audit=true'], { encoding: 'utf8' });
let report;
try {
  report = JSON.parse(stdout);
} catch {
  report = {};
}
if (typeof report.metadata?.vulnerabilities?.total !== 'number') {
  console.log('npm audit: not checked (the registry has no audit endpoint, or did not answer)');
} else {
  const bundled = JSON.parse(readFileSync('dist/packages.json', 'utf8'));
  const found = Object.entries(report.vulnerabilities ?? {}).filter(([name]) => Object.hasOwn(bundled, name));
  if (found.length > 0) {
    console.log(JSON.stringify(Object.fromEntries(found), null, 2));
    console.log(`npm audit: ${found.length} found`);
    process.exitCode = 1;
  } else {
    console.log('npm audit: nothing found');
  }
}
