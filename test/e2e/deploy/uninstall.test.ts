import t from 'tap';
import { startApiServer } from '../cluster/api-server.js';
import { chart, findHelm, release } from '../cluster/helm.js';

t.setTimeout(900_000);

// No kubelet: a pod is never started, as where its image cannot be pulled.
const api = await startApiServer({ controllerManager: true });
t.teardown(() => api.stop());
const longestMs = 90_000;

for (const major of [4, 3] as const) {
  t.test(`U7: helm ${major}: an uninstall whose hook cannot start ends soon, and says what helps`, async (t) => {
    const helm = await findHelm(api, major);
    const own = ['--namespace', release.namespace];
    const installed = await helm.run(['install', release.name, chart, ...own, '--create-namespace']);
    t.equal(installed.exitCode, 0, installed.stderr);
    t.match(installed.stdout, `helm uninstall ${release.name} -n ${release.namespace} --no-hooks`);
    const startedMs = performance.now();
    const removed = await helm.run(['uninstall', release.name, ...own]);
    const tookMs = performance.now() - startedMs;
    t.comment(`after ${Math.round(tookMs / 1000)} s: ${removed.stderr.trim()}`);
    t.equal(removed.exitCode, 1);
    t.ok(tookMs < longestMs, `it took ${Math.round(tookMs)} ms`);
    t.match(removed.stderr, '--no-hooks');
    t.match(await helm.run(['uninstall', release.name, ...own, '--no-hooks']), { exitCode: 0 });
    t.match(await helm.run(['list', '--all', '--short', ...own].filter((flag) => major === 3 || flag !== '--all')), {
      exitCode: 0,
      stdout: '',
    });
    await api.kubectl(['delete', 'job', 'outrider-pre-delete--no-hooks', ...own]);
  });
}
