import t from 'tap';
import { defaultPullPolicy, isServerDefault } from '../../src/model/server-defaults.js';

t.test('W17: what the API server writes where a field was left out, by value', (t) => {
  for (const [field, value, of] of [
    ['terminationMessagePolicy', 'File', {}],
    ['imagePullPolicy', 'Always', { image: 'a/web' }],
    ['imagePullPolicy', 'IfNotPresent', { image: 'localhost:5000/web:1' }],
    ['pullPolicy', 'IfNotPresent', { reference: 'a/web@sha256:0' }],
    ['resizePolicy', [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }], {}],
    ['apiVersion', 'v1', { fieldPath: 'spec.nodeName' }],
    ['resources', {}, {}],
    ['args', [], {}],
    ['env', null, {}],
  ] as const) {
    t.ok(isServerDefault(field, value, of), field);
  }
  for (const [field, value, of] of [
    ['terminationMessagePolicy', 'FallbackToLogsOnError', {}],
    ['imagePullPolicy', 'Never', { image: 'a/web' }],
    ['imagePullPolicy', 'IfNotPresent', { image: 'a/web:latest' }],
    ['imagePullPolicy', 'IfNotPresent', {}],
    ['resizePolicy', [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }], {}],
    ['apiVersion', 'v1', {}],
    ['path', '/', {}],
    ['privileged', false, {}],
    ['emptyDir', {}, {}],
    ['toString', 'x', {}],
  ] as const) {
    t.notOk(isServerDefault(field, value, of), field);
  }
  t.equal(defaultPullPolicy('localhost:5000/web'), 'Always', 'a port is no tag');
  t.end();
});
