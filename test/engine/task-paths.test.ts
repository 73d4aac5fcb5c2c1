import t from 'tap';
import type { JsonObject } from '../../src/model/json.js';
import { engineWith, injectText } from './tasks.js';

/** A task whose only container has these mounts. */
function taskWith(mountPoints: readonly JsonObject[], more: readonly JsonObject[] = []): string {
  const names = new Set(mountPoints.map(({ sourceVolume }) => sourceVolume));
  return JSON.stringify({
    family: 'shop',
    volumes: [...names].map((name) => ({ name })),
    containerDefinitions: [{ name: 'web', image: 'shop/web:1', entryPoint: ['/web'], mountPoints }, ...more],
  });
}

/** Every way to write the path that Docker takes for the same. */
const spellings = (path: string) => [path, `${path}/`, `/${path}`, `/.${path}`, `${path}/x/..`, path.slice(1)];

for (const profile of ['sysdig', 'datadog']) {
  const folder = profile === 'sysdig' ? '/opt/draios' : '/cws-instrumentation-volume';
  t.test(
    `${profile}: a mount of the task’s own over the agent’s files is in the way, however it is written`,
    async (t) => {
      const engine = engineWith(profile, profile === 'sysdig' ? { region: 'us2' } : {});
      for (const containerPath of [...spellings(folder), ...spellings(`${folder}/bin`), `/proc/self/root${folder}`]) {
        const { outcomes } = await injectText(taskWith([{ sourceVolume: 'own', containerPath }]), engine);
        t.match(outcomes[0]?.decision, { decision: 'skip', reason: 'mount_path_taken' }, containerPath);
        t.match(outcomes[0]?.decision.detail, `mounted at ${containerPath}`);
      }
      const { outcomes } = await injectText(taskWith([{ sourceVolume: 'own', containerPath: `${folder}2` }]), engine);
      t.equal(outcomes[0]?.decision.decision, 'inject');
    },
  );
}

t.test(
  'Datadog: the volume that is mounted where it should be is not mounted again, however the path is written',
  async (t) => {
    const name = 'cws-instrumentation-volume';
    for (const containerPath of spellings(`/${name}`)) {
      const mounted = { sourceVolume: name, containerPath, readOnly: true };
      const init = {
        name: 'cws-instrumentation-init',
        image: 'public.ecr.aws/datadog/cws-instrumentation:7.81.1',
        mountPoints: [{ ...mounted, readOnly: false }],
      };
      const { outcomes } = await injectText(taskWith([mounted], [init]), engineWith('datadog', {}));
      const [outcome] = outcomes;
      t.equal(outcome?.decision.decision, 'inject');
      t.strictSame(outcome?.plan?.workload[0]?.mountPoints, [], containerPath);
      const part = outcome?.plan?.parts.find((each) => each.part === 'init');
      t.match(part, { lacks: { mountPoints: [] } }, 'nor in the container that brings the files');
    }
  },
);
