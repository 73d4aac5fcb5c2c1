import type { Finding } from '../../model/decision.js';
import { isObject, listOf } from '../../model/json.js';
import { lastLettersOf, mayEndLike } from '../last-letters.js';
import type { ContainerView } from './view.js';

/** Programs that trace the processes they start or attach to. A process has one tracer at a time (ptrace(2)). */
const tracing: ReadonlySet<string> = new Set([
  'debugserver',
  'dlv',
  'gdb',
  'gdbserver',
  'lldb',
  'lldb-server',
  'ltrace',
  'rr',
  'strace',
]);

const lastLetters = lastLettersOf(tracing);

/** Variables that turn on the leak check, which stops a traced program, unless their value switches it off. */
const leakChecks: ReadonlySet<string> = new Set(['ASAN_OPTIONS', 'LSAN_OPTIONS']);
const leakCheckLetters = lastLettersOf(leakChecks);

/**
 * Reports where a debugger starts in a container, or its variables indicate a sanitizer whose leak check does not work under
 * a tracer (W13). The program then ends with its own error. Programs that an entrypoint's scripts start are not seen.
 */
export function debuggerRemark(container: ContainerView, argv: readonly string[], remarks: Finding[]): void {
  for (const word of argv) {
    if (!mayEndLike(word, lastLetters)) continue;
    if (!tracing.has(word) && !(word.startsWith('/') && tracing.has(word.slice(word.lastIndexOf('/') + 1)))) continue;
    remarks.push({ reason: 'debugger_inside', detail: `container ${container.name} starts ${word}, a tracer itself` });
    return;
  }
  for (const variable of listOf(container.value['env'])) {
    if (!isObject(variable)) continue;
    const { name, value } = variable;
    if (typeof name !== 'string' || !mayEndLike(name, leakCheckLetters) || !leakChecks.has(name)) continue;
    if (typeof value === 'string' && value.includes('detect_leaks=0')) continue;
    const detail = `container ${container.name} has ${name}: LeakSanitizer does not work under a tracer`;
    remarks.push({ reason: 'debugger_inside', detail });
    return;
  }
}
