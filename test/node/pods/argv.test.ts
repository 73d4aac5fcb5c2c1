import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { pushImage, busyboxFiles, type ImageConfig } from '../support/image.js';
import { images, pushVariant } from '../support/images.js';
import { createNamespace } from '../support/namespace.js';
import { bare, injectAll, listOfPods, pod, sysdigAgent, sysdigWrapper } from '../support/pods.js';
import { containerOf } from '../support/pod-status.js';
import { processesOf, tracedIn } from '../support/processes.js';

t.setTimeout(900_000);

const env = [{ name: 'LEVEL', value: 'high' }];
const show: ImageConfig = { Entrypoint: ['/bin/show', 'image'], Cmd: ['cmd'] };

/** What a container says (with an image's configuration, or the image with programs), and what it must get to see. */
interface Case {
  readonly config?: ImageConfig;
  readonly container?: JsonObject;
  readonly sees: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  neither: { config: show, sees: ['/bin/show', 'image', 'cmd'] },
  args: { config: show, container: { args: ['a', ''] }, sees: ['/bin/show', 'image', 'a', ''] },
  command: { config: show, container: { command: ['/bin/show', 'own'] }, sees: ['/bin/show', 'own'] },
  both: { config: show, container: { command: ['/bin/show'], args: ['a b', '-c'] }, sees: ['/bin/show', 'a b', '-c'] },
  'cmd-only': { config: { Cmd: ['/bin/show', 'cmd'] }, sees: ['/bin/show', 'cmd'] },
  'image-dollar': {
    config: { Entrypoint: ['/bin/show', '$HOME', '$$', '$(LEVEL)'], Cmd: ['$$(LEVEL)', '${X}', '$'] },
    sees: ['/bin/show', '$HOME', '$$', '$(LEVEL)', '$$(LEVEL)', '${X}', '$'],
  },
  'pod-dollar': {
    container: { command: ['/bin/show', '$(LEVEL)', '$$(LEVEL)'], args: ['$(UNKNOWN)', '$HOME', '$$'] },
    sees: ['/bin/show', 'high', '$(LEVEL)', '$(UNKNOWN)', '$HOME', '$'],
  },
  mixed: {
    config: { Entrypoint: ['/bin/show', '$(LEVEL)'] },
    container: { args: ['$(LEVEL)'] },
    sees: ['/bin/show', '$(LEVEL)', 'high'],
  },
  'shell-form': {
    config: { Entrypoint: ['/bin/sh', '-c', 'exec /bin/show "$LEVEL" "$((1 + 1))"'] },
    sees: ['/bin/show', 'high', '2'],
  },
  relative: { config: { Entrypoint: ['./start', 'x'], WorkingDir: '/opt/app' }, sees: ['./start', 'x'] },
  'relative-to-pod': {
    config: { Entrypoint: ['./start', 'x'], WorkingDir: '/www' },
    container: { workingDir: '/opt/app' },
    sees: ['./start', 'x'],
  },
  'on-path': {
    config: { Entrypoint: ['found-on-path'], Cmd: ['x'], Env: ['PATH=/odd/place:/bin'] },
    sees: ['/odd/place/found-on-path', 'x'],
  },
};

t.test(
  'E1, E2, E3, E4, E6, E7, E33: every shape of argv starts what it starts uninstrumented, literally, and traced',
  async (t) => {
    const here = await createNamespace(t, 'argv');
    const pods: JsonObject[] = [];
    for (const [name, { config, container = {} }] of Object.entries(cases)) {
      const image = config === undefined ? images.box : await pushVariant(`argv-${name}`, config);
      pods.push(pod(name, { image, env, ...container }));
    }
    await here.create(listOfPods(pods.map(bare)));
    await here.create(await injectAll(pods));
    for (const [name, { sees }] of Object.entries(cases)) {
      const log = await here.waitForLog(name, 'app', 'that was all');
      t.same(
        log.split('\n').slice(0, -2),
        sees.map((word) => `[${word}]`),
        name,
      );
      t.equal(log, await here.waitForLog(`${name}-bare`, 'app', 'that was all'), `${name}, as it does uninstrumented`);
      const { id } = containerOf(await here.ready(name), 'app');
      const { allTraced, tracer, workload } = tracedIn(id, sysdigWrapper);
      t.ok(allTraced, `${name}: every process is traced`, { workload: workload.map(String) });
      t.ok(
        workload.some(({ parent }) => parent === tracer?.pid),
        `${name}: the workload is the tracer's child`,
      );
      const ofBare = processesOf(containerOf(await here.ready(`${name}-bare`), 'app').id);
      t.same(
        new Set(workload.map(({ argv }) => argv.join(' '))),
        new Set(ofBare.map(({ argv }) => argv.join(' '))),
        name,
      );
    }
  },
);

t.test('E33: an image from scratch, with a single program and nothing else', async (t) => {
  const here = await createNamespace(t, 'scratch');
  const { 'bin/busybox': busybox } = busyboxFiles();
  if (busybox === undefined) throw new Error('no busybox');
  const config = { Entrypoint: ['/busybox', 'httpd', '-f'], Cmd: ['-p', '8080', '-h', '/'] };
  const image = await pushImage('scratch', { files: { busybox }, config });
  await here.create(await injectAll([pod('only', { image })], { prefer: 'Security' }));
  const only = await here.ready('only');
  const { allTraced, workload } = tracedIn(containerOf(only, 'app').id, sysdigWrapper);
  t.ok(allTraced);
  t.same(
    workload.map(({ argv }) => argv),
    [[...config.Entrypoint, ...config.Cmd]],
  );
  t.equal((await fetch(`http://${only.ip}:8080/busybox`)).status, 200);
  t.match(await here.waitForLog('only', sysdigAgent, /exec/), /exec \d+ \/busybox httpd -f .*\(sees busybox/);
});
