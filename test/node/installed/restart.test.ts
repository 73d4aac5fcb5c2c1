import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { names } from '../../../src/model/names.js';
import { kubectlOutput } from '../support/kubectl.js';
import { createNamespace, until } from '../support/namespace.js';
import { containerOf } from '../support/pod-status.js';
import { sysdigAgent, sysdigWrapper } from '../support/pods.js';
import { tracedIn } from '../support/processes.js';
import { answerOf, podsOf, rolledOut, webDeployment } from './deployment.js';
import { installOutrider } from './installation.js';

// A workload from before its policy is put right, as a person does it.

t.setTimeout(900_000);

const bundle = fileURLToPath(new URL('../../../outrider.js', import.meta.url));

/** Runs `outrider` as the admin. */
function outrider(...parameters: readonly string[]): Promise<{ readonly exitCode: number; readonly said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bundle, ...parameters], (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code), said: stdout + stderr }),
    );
  });
}

t.before(() => installOutrider(t));

t.test('a Deployment from before its policy is restarted, traced from then on, and answers', async (t) => {
  const here = await createNamespace(t, 'before', { labels: {} });
  await here.create(webDeployment(2));
  for (const pod of await rolledOut(here)) t.notOk(sysdigAgent in pod.containers, 'it runs without an agent');
  await kubectlOutput(['label', 'namespace', here.name, `${names.inject}=enabled`]);

  const parameters = ['deploy/web', '-n', here.name];
  await until('the label to be in force', async () => {
    const { said } = await outrider('restart', ...parameters, '--dry-run');
    return said.includes('would restart: 2 missed of 2 pods');
  });
  t.equal(
    (await podsOf(here.name)).filter((pod) => sysdigAgent in pod.containers).length,
    0,
    'a dry run changes nothing',
  );

  const { exitCode, said } = await outrider('restart', ...parameters);
  t.comment(said);
  t.equal(exitCode, 0, said);
  t.match(said, '✓ deploy/web -n before  restarted: 2 missed of 2 pods before; the new ones have every part');
  const pods = await podsOf(here.name);
  t.equal(pods.length, 2);
  for (const pod of pods) {
    t.ok(tracedIn(containerOf(pod, 'app').id, sysdigWrapper).allTraced, `${pod.name}: every process is traced`);
  }
  t.equal(await answerOf(pods), 'the application answers\n');

  const again = await outrider('restart', ...parameters);
  t.equal(again.exitCode, 0, again.said);
  t.match(again.said, 'nothing to do: its 2 pods have every part');
  t.same((await podsOf(here.name)).map(({ name }) => name).sort(), pods.map(({ name }) => name).sort());
});
