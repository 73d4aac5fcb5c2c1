// Asks the registry about known vulnerabilities in what is shipped. A registry without that endpoint is said to be not
// checked; a finding fails.
import { spawnSync } from 'node:child_process';

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json', '--audit=true'], { encoding: 'utf8' });
let report;
try {
  report = JSON.parse(stdout);
} catch {
  report = {};
}
const total = report.metadata?.vulnerabilities?.total;
if (typeof total !== 'number') {
  console.log('npm audit: not checked (the registry has no audit endpoint, or did not answer)');
} else if (total > 0) {
  console.log(JSON.stringify(report.vulnerabilities, null, 2));
  console.log(`npm audit: ${total} found`);
  process.exitCode = 1;
} else {
  console.log('npm audit: nothing found');
}
