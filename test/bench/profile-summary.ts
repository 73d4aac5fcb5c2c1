import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { groups, type Group } from './profile-groups.js';
import { sourcesOnDisk, readProfile, timeByGroup } from './profile.js';
import { print } from './table.js';

// `node dist/test/bench/profile-summary.js FILE.cpuprofile …`: what the time of each profile goes to, as a table in
// Markdown. The bundle that was profiled has to be there still, with its source maps.

const files = process.argv.slice(2);
if (files.length === 0 || files.includes('--help')) {
  console.error(
    'node dist/test/bench/profile-summary.js FILE.cpuprofile …   (npm run bench -- --cpu-prof DIR makes them)',
  );
  process.exit(files.length === 0 ? 2 : 0);
}
const sources = sourcesOnDisk();
const columns = files.map((file) => {
  return timeByGroup(readProfile(readFileSync(file, 'utf8')), sources);
});
const share = (totals: ReadonlyMap<Group, number>, group: Group): string => {
  const all = [...totals.values()].reduce((sum, micros) => sum + micros, 0);
  return `${((100 * (totals.get(group) ?? 0)) / all).toFixed(1)} %`;
};
const table = {
  title: 'Share of the CPU time.',
  head: ['What', ...files.map((file) => basename(file, '.cpuprofile'))],
  rows: groups.map((group) => [group, ...columns.map((totals) => share(totals, group))]),
};
console.log(print([table], 'markdown'));
