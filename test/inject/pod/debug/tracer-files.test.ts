import t from 'tap';
import { debugTrouble, findTracerFiles, movedWrapper } from '../../../../src/inject/pod/debug/tracer-files.js';
import { isFinding, readPod, type PodView } from '../../../../src/inject/pod/view.js';
import type { Engine } from '../../../../src/engine/engine.js';
import type { JsonObject } from '../../../../src/model/json.js';
import type { Recipe } from '../../../../src/model/recipe.js';
import type { Rule } from '../../../../src/engine/rules.js';
import { debuggerOf, runningPod, throughDoors } from '../../../support/debug.js';
import { engineFor, engineOf, policyText } from '../../../support/engine.js';
import { at } from '../../../support/json.js';
import { podOf, podWith } from '../../../support/pods.js';

const known = { 'tools:1': { entrypoint: [], cmd: ['sh'] } };
const sysdig = engineFor();

function ruleOf(engine: Engine): Rule {
  const [rule] = engine.rules.byPolicy.values();
  if (rule === undefined) throw new Error('no rule');
  return rule;
}

function viewOf(pod: JsonObject): PodView {
  const view = readPod(pod);
  if (isFinding(view)) throw new Error(view.detail);
  return view;
}

const find = (pod: JsonObject, recipe: Recipe = ruleOf(sysdig).recipe) => findTracerFiles(viewOf(pod), recipe);

/** A profile with a tracer that is a loader with its libraries, of an image volume. */
function lab(
  session: string,
  delivery: 'Copy' | 'ImageVolume' = 'ImageVolume',
  subPath = '{ subPath: opt/lab }',
): Engine {
  return engineOf(
    `
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: lab }
spec:
  version: '1'
  image: lab/agent:1
  wrapper: { argv: [/opt/lab/bin/ld, --library-path, /opt/lab, --inhibit=/opt/labour, /opt/lab/bin/trace, --] }
  ${session}
  volume: { name: lab, mountPath: /opt/lab, copy: { name: lab-copy, from: /opt/lab }, imageVolume: ${subPath} }
${policyText('p', { profile: { name: 'lab' }, delivery, prefer: 'Security', sessions: { debug: 'Trace' } })}`,
    { known },
  );
}

t.test(
  'a pod that the wrapper starts has the files where its containers mount them, under the names that it has',
  (t) => {
    const taken = podOf({ volumes: [{ name: 'sysdig-workload-agent', emptyDir: {} }] });
    t.same(find(runningPod(sysdig, taken)), {
      volumes: new Set(['sysdig-workload-agent-2', 'sysdig-workload-agent-bin']),
      files: {
        mounts: [
          { name: 'sysdig-workload-agent-2', mountPath: '/opt/draios', readOnly: true },
          { name: 'sysdig-workload-agent-bin', mountPath: '/opt/draios/bin', readOnly: true },
        ],
        wrapper: ['/opt/draios/bin/instrument'],
      },
    });
    t.end();
  },
);

t.test('a pod without the wrapper, or with one that comes from elsewhere, is none of ours', (t) => {
  t.equal(find(podWith({ command: ['/app'] })), undefined);
  const own = { command: ['/opt/draios/bin/instrument', '/app'] };
  t.equal(find(podWith(own)), undefined, 'of its own image');
  const mounted = { ...own, volumeMounts: [{ name: 'mine', mountPath: '/opt/draios' }] };
  t.equal(find(podWith(mounted)), undefined, 'of a volume that is not there');
  t.equal(find(podWith(mounted, { volumes: [{ name: 'mine', configMap: {} }] })), undefined, 'of a ConfigMap');
  t.match(find(podWith(mounted, { volumes: [{ name: 'mine', emptyDir: {} }] })), { volumes: new Set(['mine']) });
  const nodeAgent = engineFor({ profile: { name: 'datadog-node' } });
  t.equal(find(podWith(own), ruleOf(nodeAgent).recipe), undefined, 'a profile that wraps nothing');
  t.end();
});

t.test('the layout of versions before mounts a subPath, which a debug container cannot have', (t) => {
  const mounts = [{ name: 'agent', mountPath: '/opt/draios', subPath: 'agent', readOnly: true }];
  const pod = podWith(
    { command: ['/opt/draios/bin/instrument', '/app'], volumeMounts: mounts },
    { volumes: [{ name: 'agent', emptyDir: {} }] },
  );
  t.match(find(pod), { volumes: new Set(['agent']), files: { reason: 'debug_untraceable' } });
  t.end();
});

t.test('an image volume with a subPath is mounted whole elsewhere, where the tracer runs from there', (t) => {
  const engine = lab('session: { relocatable: true }');
  const { pod, validated } = throughDoors(runningPod(engine), [debuggerOf()], engine);
  t.match(at(pod, 'spec', 'ephemeralContainers', 0), {
    command: [
      '/outrider/opt/lab/bin/ld',
      '--library-path',
      '/outrider/opt/lab',
      '--inhibit=/opt/labour',
      '/outrider/opt/lab/bin/trace',
      '--',
    ],
    args: ['sh'],
    volumeMounts: [{ name: 'lab', mountPath: '/outrider', readOnly: true }],
  });
  t.match(validated.sessions, [{ decision: 'wrapped' }]);
  const other = debuggerOf({ volumeMounts: [{ name: 'lab', mountPath: '/opt/lab', readOnly: true }] });
  t.match(throughDoors(runningPod(engine), [other], engine).validated.sessions, [{ reason: 'debug_mount_forbidden' }]);
  const still = lab('');
  t.match(throughDoors(runningPod(still), [debuggerOf()], still).validated.sessions, [
    { decision: 'denied', reason: 'debug_untraceable' },
  ]);
  t.end();
});

t.test('whether the debug containers of a policy’s pods can be traced is known before there are any', (t) => {
  const trouble = (engine: Engine): string | undefined =>
    debugTrouble(ruleOf(engine).recipe, ruleOf(engine).wishes)?.reason;
  t.equal(trouble(sysdig), undefined);
  t.equal(trouble(engineFor({ delivery: 'ImageVolume' })), 'debug_untraceable');
  t.equal(
    trouble(engineFor({ profile: { name: 'datadog' }, delivery: 'ImageVolume' })),
    undefined,
    'the image is the volume',
  );
  t.equal(trouble(engineFor({ profile: { name: 'datadog-node' } })), undefined, 'nothing is traced');
  t.equal(trouble(lab('session: { relocatable: true }')), undefined);
  t.equal(trouble(lab('')), 'debug_untraceable');
  t.equal(trouble(lab('', 'ImageVolume', '{}')), 'debug_untraceable', 'the wrapper’s folder is mounted by subPath');
  t.equal(trouble(lab('', 'Copy')), undefined);
  const noVolume = engineOf(
    `
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationProfile
metadata: { name: lab }
spec: { version: '1', wrapper: { argv: [/trace] } }
${policyText('p', { profile: { name: 'lab' }, prefer: 'Security', sessions: { debug: 'Trace' } })}`,
    { known },
  );
  t.equal(trouble(noVolume), 'debug_untraceable');
  t.match(throughDoors(runningPod(noVolume), [debuggerOf()], noVolume).validated.sessions, [
    { decision: 'denied', reason: 'debug_untraceable' },
  ]);
  t.end();
});

t.test('a wrapper moves by its words that are the folder or lead below it', (t) => {
  const words = ['/a/b/run', '/a/b', '/a/bc', 'x=/a/b', '/a/b/'];
  t.same(movedWrapper(words, '/a/b/', '/c'), ['/c/run', '/c', '/a/bc', 'x=/a/b', '/c/']);
  t.end();
});
