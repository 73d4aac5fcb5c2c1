import t from 'tap';
import { otherTracer } from '../../src/inject/other-tracer.js';
import { knownTracers } from '../../src/profile/known-tracers.js';
import { builtInProfiles } from '../../src/profile/registry.js';

const known = knownTracers(builtInProfiles());
const own = { profile: 'sysdig', program: '/opt/draios/bin/instrument', knowsAgents: false };
const web = { name: 'web', image: 'shop/web:1', argv: ['/app'] };

t.test('W27: a container is its tracer’s by its first word, an agent by its image or its name', (t) => {
  const rows: readonly (readonly [more: Partial<typeof web>, found: boolean])[] = [
    [{}, false],
    [{ argv: [] }, false],
    [{ argv: ['/opt/draios/bin/instrument', '/app'] }, false],
    [{ argv: ['/cws-instrumentation-volume/cws-instrumentation'] }, true],
    [{ image: 'public.ecr.aws/datadog/agent' }, true],
    [{ image: 'public.ecr.aws/datadog/agent@sha256:abc' }, true],
    [{ image: 'localhost:5000/agent', name: 'datadog-agent' }, true],
    [{ image: 'localhost:5000/agent:1', name: 'datadog-agent-2' }, true],
    [{ image: 'localhost:5000/agent:1', name: 'datadog-agents' }, false],
    [{ image: 'quay.io/sysdig/workload-agent:1' }, true],
    [{ image: 'mirror/workload-agent:1', name: 'SYSDIGINSTRUMENTATION' }, true],
    [{ image: 'mirror/cws-instrumentation:1', name: 'cws-instrumentation-init' }, true],
  ];
  for (const [more, found] of rows) {
    const finding = otherTracer({ ...web, ...more }, own, known);
    t.equal(finding?.reason, found ? 'instrumented_otherwise' : undefined, JSON.stringify(more));
  }
  const agent = { ...web, image: 'quay.io/sysdig/workload-agent:1' };
  t.equal(otherTracer(agent, { ...own, knowsAgents: true }, known), undefined, 'its own agent is known otherwise');
  t.end();
});
