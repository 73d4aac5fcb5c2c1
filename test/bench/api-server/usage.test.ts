import t from 'tap';
import { usageIn } from './usage.js';

const plain = 'process_cpu_seconds_total 12.5\nprocess_resident_memory_bytes 1.5e+08\n';
const of = (kind: string): string => `apiserver_${kind}_admission_policy_check_duration_seconds`;

t.test('adds up the checks of all policies of a kind', (t) => {
  const checks = [
    `# HELP ${of('mutating')}_count ...`,
    `${of('mutating')}_count{policy="a"} 3`,
    `${of('mutating')}_count{policy="b"} 2`,
    `${of('mutating')}_sum{policy="a"} 0.5`,
    `${of('mutating')}_bucket{policy="a",le="1"} 9`,
    `${of('validating')}_count{policy="a"} 7`,
    `${of('validating')}_sum{policy="a"} 0.25`,
  ];
  t.same(usageIn(plain + checks.join('\n')), {
    cpuSeconds: 12.5,
    residentBytes: 150_000_000,
    mutating: { count: 5, seconds: 0.5 },
    validating: { count: 7, seconds: 0.25 },
  });
  t.end();
});

t.test('there are no checks before the first one, and a process without its figures is an error', (t) => {
  t.same(usageIn(plain).mutating, { count: 0, seconds: 0 });
  t.throws(() => usageIn('process_cpu_seconds_total 1\n'), { message: /process_resident_memory_bytes/ });
  t.end();
});
