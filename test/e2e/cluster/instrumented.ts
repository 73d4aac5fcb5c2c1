import type { Test } from 'tap';
import { appArgs, appCommand, names, type PodSummary } from './pods.js';

/** What the built-in profile of Sysdig starts containers with. */
export const wrapper = '/opt/draios/bin/instrument';
/** What its volume and sidecar are called. */
export const agent = 'sysdig-workload-agent';

const ourInitContainers = [`${agent}-tools`, `${agent}-copy`, agent];

/** Every container of the pod is wrapped, and every part of the instrumentation is there once. */
export function isInstrumented(t: Test, { status, initContainers, containers, volumes }: PodSummary): void {
  t.equal(status, 'injected');
  t.same(names(initContainers), ourInitContainers);
  t.same(
    containers.map(({ argv }) => argv[0]),
    containers.map(() => wrapper),
  );
  t.equal(volumes.filter((name) => name === agent).length, 1);
}

/** The pod is as its author wrote it. */
export function isUntouched(t: Test, { status, reason, initContainers, containers, volumes }: PodSummary): void {
  t.same([status, reason, initContainers], [undefined, undefined, []]);
  t.same(containers[0]?.argv, [...appCommand, ...appArgs]);
  t.notOk(volumes.includes(agent));
}
