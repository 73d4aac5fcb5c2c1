import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { images } from '../support/images.js';
import { inject, pullSecret } from '../support/inject.js';
import { createNamespace } from '../support/namespace.js';
import { containerOf } from '../support/pod-status.js';
import { tracedIn } from '../support/processes.js';

const wrapper = '/opt/draios/bin/instrument';
const sidecar = 'sysdig-workload-agent';

export function pod(name: string, container: JsonObject, spec: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      imagePullSecrets: [{ name: pullSecret }],
      terminationGracePeriodSeconds: 2,
      containers: [{ name: 'app', ...container }],
      ...spec,
    },
  };
}

t.test('traced', async (t) => {
  const here = await createNamespace(t, 'argv');
  const { object, report } = await inject(pod('web', { image: images.web }));
  t.comment(report);
  await here.create(object);
  const web = await here.ready('web');
  const response = await fetch(`http://${web.ip}:8080/`);
  t.equal(await response.text(), 'the application answers\n');
  const { allTraced, workload } = tracedIn(containerOf(web, 'app').id, wrapper);
  t.ok(allTraced, JSON.stringify(workload.map(({ argv, tracer }) => ({ argv, tracer }))));
  t.match(await here.waitForLog('web', sidecar, /exec/), /exec \d+ \/bin\/httpd -f -p 8080 -h \/www \(sees httpd/);
});
