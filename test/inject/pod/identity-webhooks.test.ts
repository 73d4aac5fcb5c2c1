import t from 'tap';
import type { JsonObject } from '../../../src/model/json.js';
import { objectOf } from '../../../src/model/json.js';
import { decideNow, engineFor } from '../../support/engine.js';
import { patched } from '../../support/json.js';
import { podOf } from '../../support/pods.js';

const ours = ['sysdig-workload-agent-tools', 'sysdig-workload-agent-copy', 'sysdig-workload-agent'];
const azure = 'azure.workload.identity/skip-containers';
const eks = 'eks.amazonaws.com/skip-containers';
const google = 'cloud.google.com/skip-containers';
const used = { 'azure.workload.identity/use': 'true' };

function annotationsOf(pod: JsonObject): JsonObject {
  return objectOf(objectOf(pod['metadata'])?.['annotations']) ?? {};
}

function injected(pod: JsonObject): JsonObject {
  return patched(pod, decideNow(pod, engineFor()).patch);
}

t.test('F23: the webhook of a cloud’s identity is told to leave our containers out', (t) => {
  const token = { projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } };
  const called: Readonly<Record<string, JsonObject>> = {
    [azure]: podOf({}, { name: 'web', labels: used }),
    [eks]: podOf({ volumes: [{ name: 'aws-iam-token', ...token }] }),
    [google]: podOf({ volumes: [{ name: 'gcp-iam-token', ...token }] }),
  };
  for (const [annotation, pod] of Object.entries(called)) {
    const written = annotationsOf(injected(pod));
    t.equal(written[annotation], ours.join(annotation === azure ? ';' : ','));
    const others = [azure, eks, google].filter((name) => name !== annotation);
    t.same(
      others.map((name) => written[name]),
      [undefined, undefined],
    );
  }
  const associated = podOf({ volumes: [{ name: 'eks-pod-identity-token', ...token }] });
  t.equal(annotationsOf(injected(associated))[eks], ours.join(','));
  t.end();
});

t.test('F23: nothing is written on a pod of which no such webhook is called, or that comes again', (t) => {
  const plain = annotationsOf(injected(podOf({}, { name: 'web', labels: { 'azure.workload.identity/use': 'false' } })));
  t.same(
    Object.keys(plain).filter((name) => name.endsWith('skip-containers')),
    [],
  );
  const after = injected(podOf({}, { name: 'web', labels: used }));
  t.same(decideNow(after, engineFor()).patch, []);
  t.end();
});

t.test('F23: what an author lists stays, and nothing is listed twice', (t) => {
  const pod = (list: string): JsonObject => podOf({}, { name: 'web', labels: used, annotations: { [azure]: list } });
  t.equal(annotationsOf(injected(pod('web; proxy')))[azure], ['web; proxy', ...ours].join(';'));
  t.equal(annotationsOf(injected(pod('')))[azure], ours.join(';'));
  const [first = '', ...rest] = ours;
  t.equal(annotationsOf(injected(pod(` ${first} `)))[azure], [` ${first} `, ...rest].join(';'));
  t.equal(annotationsOf(injected(pod(ours.join('; '))))[azure], ours.join('; '));
  t.end();
});
