import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { decideNow, engineFor } from '../../support/engine.js';
import { podWith } from '../../support/pods.js';

const engine = engineFor();

t.test('W13: debuggers and leak checks inside the workload are told', (t) => {
  const told: readonly JsonObject[] = [
    { command: ['strace', '-f', '/app'] },
    { command: ['/usr/bin/gdb', '--args', '/app'] },
    { command: ['tini', '--', 'dlv', 'exec', '/app'] },
    { command: ['/app'], args: ['/usr/local/bin/lldb-server'] },
    { command: ['/app'], env: [{ name: 'LSAN_OPTIONS', value: 'verbosity=1' }] },
    { command: ['/app'], env: [{ name: 'ASAN_OPTIONS', valueFrom: {} }] },
  ];
  const untold: readonly JsonObject[] = [
    { command: ['/app', 'straces'] },
    { command: ['/gdb/app'] },
    { command: ['/app'], env: [{ name: 'ASAN_OPTIONS', value: 'detect_leaks=0' }] },
    { command: ['/app'], env: [{ name: 'OTHER', value: 'ASAN_OPTIONS' }] },
  ];
  const remarked = (container: JsonObject): boolean => {
    const { decision } = decideNow(podWith(container), engine);
    t.equal(decision.decision, 'inject', 'it changes no decision');
    return decision.steps.some(({ reason }) => reason === 'debugger_inside');
  };
  for (const container of told) t.ok(remarked(container), JSON.stringify(container));
  for (const container of untold) t.notOk(remarked(container), JSON.stringify(container));
  t.end();
});
