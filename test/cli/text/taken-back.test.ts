import t from 'tap';
import { calledWorkload, takenBackWords } from '../../../src/cli/text/taken-back.js';
import { troubles } from '../../../src/model/taken-back.js';
import { entryOf, lookMs } from '../../support/taken-back-entry.js';

t.test('an entry says what failed, since when, when it is tried again, and what helps', (t) => {
  t.same(takenBackWords(entryOf(), lookMs, 'outrider'), {
    workload: 'deploy/web',
    ago: '5 min ago',
    failed:
      'the node cannot pull the image of our container (sysdig-workload-agent-copy, quay.io/sysdig/workload-agent:6.3.0): ImagePullBackOff; seen in web-1 and web-2',
    again: 'in 5 min',
    next: [
      'see that nodes can pull quay.io/sysdig/workload-agent:6.3.0: agent.image and agent.imagePullSecrets of policy default',
      'outrider retry deploy/web -n shop, once that is fixed',
      'outrider restart deploy/web -n shop --taken-back, for pods that still hang',
    ],
  });
  t.end();
});

t.test('what a node or a forger wrote is one line, and no command to the terminal', (t) => {
  const { evidence } = entryOf();
  const forged = { ...evidence, words: 'a\u001b[2Jb\nc', image: 'x\u0007y' };
  const { failed, next } = takenBackWords(entryOf({ evidence: forged }), lookMs, 'outrider');
  t.match(failed, 'xy): ab c; seen in');
  t.match(next[0], 'can pull xy:');
  t.end();
});

t.test('when it is tried again depends on where it stands', (t) => {
  const again = (over: Parameters<typeof entryOf>[0]) => takenBackWords(entryOf(over), lookMs, 'outrider').again;
  t.equal(again({ tries: 1 }), 'in 5 min, after 1 try that failed');
  t.equal(again({ tries: 3 }), 'in 5 min, after 3 tries that failed');
  t.equal(again({ at: '2026-01-01T00:04:59Z' }), 'due now');
  t.equal(again({ stage: 'Trying', at: '2026-01-01T00:03:00Z' }), 'now, for 2 min: one new pod gets our parts');
  t.end();
});

t.test('each kind of trouble has something to look at', (t) => {
  for (const trouble of troubles) {
    const { evidence } = entryOf();
    const [first] = takenBackWords(entryOf({ evidence: { ...evidence, trouble } }), lookMs, 'outrider').next;
    t.match(first, /agent\.image|kubectl -n shop describe pod web-1$|docs\//, trouble);
  }
  const logsOf = (trouble: 'step_fails' | 'agent_fails') => {
    const evidence = { ...entryOf().evidence, trouble, words: 'ended with 1 (Error), 3 restarts' };
    return takenBackWords(entryOf({ evidence }), lookMs, 'outrider').next[0];
  };
  t.equal(logsOf('step_fails'), 'kubectl -n shop logs web-1 -c sysdig-workload-agent-copy');
  t.equal(logsOf('agent_fails'), 'kubectl -n shop logs web-1 -c sysdig-workload-agent-copy --previous');
  t.equal(calledWorkload({ kind: 'Thing', apiVersion: 'example.com/v1', name: 'x' }), 'thing/x');
  t.end();
});
