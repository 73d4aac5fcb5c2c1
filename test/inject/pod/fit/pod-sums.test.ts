import t from 'tap';
import { podSum, type Counted } from '../../../../src/inject/pod/fit/pod-sums.js';
import { parseQuantity } from '../../../../src/model/quantity.js';

const counted = (cpu: string | undefined, native = false): Counted => ({
  resources: cpu === undefined ? undefined : { limits: { cpu } },
  native,
});
const sum = (containers: readonly Counted[], initContainers: readonly Counted[], ofPod?: string) =>
  podSum(
    { containers, initContainers, ofPod: ofPod === undefined ? undefined : { limits: { cpu: ofPod } } },
    'limits',
    'cpu',
  );

t.test(
  'F21: a pod is summed as LimitRanger does: sidecars with containers, or an init container beside earlier sidecars',
  (t) => {
    t.equal(sum([counted(undefined)], []), undefined);
    t.equal(sum([counted('1'), counted(undefined), counted('500m')], []), parseQuantity('1500m'));
    t.equal(sum([counted('1')], [counted('300m', true)]), parseQuantity('1300m'));
    t.equal(sum([counted('1')], [counted('300m', true), counted('2')]), parseQuantity('2300m'));
    t.equal(sum([counted('1')], [counted('2'), counted('300m', true)]), parseQuantity('2'));
    t.equal(sum([counted(undefined)], [counted('2')]), parseQuantity('2'));
    t.equal(sum([counted('1')], [counted('300m', true)], '4'), parseQuantity('4'), 'the pod’s own amount goes first');
    t.end();
  },
);
