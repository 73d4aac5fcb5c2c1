import t from 'tap';
import { groupOf, podRow } from '../../../src/cluster/take-back/rows.js';

const row = (Status: string, Ready = '0/2', Restarts = '0', Age = '7m'): ReturnType<typeof podRow> =>
  podRow({ Name: 'web-5d8f7c9b6-x2x7q', Ready, Status, Restarts, Age });

t.test('a row says which pods are worth a look', (t) => {
  const suspects = [
    'Init:ImagePullBackOff',
    'Init:CrashLoopBackOff',
    'Init:Error',
    'CrashLoopBackOff',
    'StartError',
    'Error',
  ];
  for (const status of suspects) t.equal(row(status)?.isSuspect, true, status);
  for (const status of ['Pending', 'ContainerCreating', 'PodInitializing', 'Init:1/3', 'Running', 'Terminating']) {
    t.equal(row(status)?.isSuspect, false, status);
  }
  t.equal(row('Running', '1/2', '3 (20s ago)')?.isSuspect, true, 'between two restarts');
  t.equal(row('Init:1/3', '0/2', '2 (5s ago)')?.isSuspect, true);
  t.match(row('Running', '2/2', '9 (3h ago)'), { isSuspect: false, isReady: true });
  t.end();
});

t.test('ages are read as kubectl writes them', (t) => {
  const seconds = { '0s': 0, '90s': 90, '5m30s': 330, '3h2m': 10_920, '2d': 172_800, '1y2d': 31_708_800 };
  for (const [age, wanted] of Object.entries(seconds))
    t.equal(row('Running', '2/2', '0', age)?.ageMs, wanted * 1000, age);
  for (const age of ['<unknown>', '', '5', 'm']) t.equal(row('Running', '2/2', '0', age), undefined, age);
  t.end();
});

t.test('what is not a pod’s row is left out', (t) => {
  t.equal(podRow({}), undefined);
  t.equal(podRow({ Name: 'web', Ready: 'yes', Status: 'Running', Restarts: '0', Age: '1m' }), undefined);
  t.same(['web-5d8f7c9b6-x2x7q', 'db-0', 'web', '-x'].map(groupOf), ['web-5d8f7c9b6', 'db', 'web', '-x']);
  t.end();
});
