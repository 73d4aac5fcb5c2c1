import fastJsonPatch from 'fast-json-patch';
import type { JsonObject } from '../../src/model/json.js';
import { reviewedOf } from '../e2e/review.js';
import { namespace, otherNamespace } from './outrider.js';
import { podOf, podOfSize, reviewText } from './pods.js';

/** One case of the benchmark: what is posted where, and how. */
export interface BenchCase {
  readonly name: string;
  readonly path: string;
  readonly body: string;
  readonly connections?: number;
  readonly churn?: boolean;
  /** Of how many templates the pods are; without it they are all of one, as those of a rollout are. */
  readonly templates?: number;
  /** `decision/reason` that the answer must have. */
  readonly verdict: string;
  /** What the CPU time may be as a multiple of the floor's. */
  readonly goal?: { readonly aim: number; readonly limit: number };
  /** Another case that Outrider is measured on in the same rounds, to compare the two. */
  readonly beside?: BenchCase;
}

/** Asks the server under measurement, to make the bodies of calls that follow a first one. */
export type Ask = (path: string, body: string) => Promise<string>;

const kilobyte = 1024;
/** The mutating door, with a time-out as the API server gives one. */
export const mutatePath = '/mutate/pods?timeout=10s';
const validate = '/validate/pods?timeout=10s';
const injected = 'inject/injected';
export const largestName = 'inject, 1.4 MB';
export const variablesName = 'inject, 2,000 variables';
/** Many more than the server keeps answers of. */
const templates = 2_000;
const skipGoal = { aim: 1.2, limit: 1.2 };

/** Pods by the length of their reviews: number of containers, and whether a person or a controller made them. */
const sizes: readonly (readonly [string, number, number, BenchCase['goal']?])[] = [
  ['2 KB', 2 * kilobyte, 1],
  ['6 KB', 6 * kilobyte, 2],
  ['7 KB', 7 * kilobyte, 2, { aim: 1.25, limit: 1.4 }],
  ['41 KB', 41 * kilobyte, 8, { aim: 1.15, limit: 1.25 }],
  ['64 KB', 64 * kilobyte, 10],
  ['512 KB', 512 * kilobyte, 20],
  ['1.4 MB', 1.4 * kilobyte * kilobyte, 40],
];

/**
 * Every case that needs no registry.
 * @param ask for the pod that the server itself has injected into
 */
export async function podCases(ask: Ask): Promise<readonly BenchCase[]> {
  const command = { namespace, command: true };
  const inject = (name: string, pod: JsonObject): BenchCase => ({
    name: `inject, ${name}`,
    path: mutatePath,
    body: reviewText(pod, namespace),
    verdict: injected,
  });
  const sized = sizes.map(([name, bytes, containers, goal]): BenchCase => {
    const pod = podOfSize({ ...command, containers, ...(bytes > 4 * kilobyte ? {} : { without: 'defaults' }) }, bytes);
    return { ...inject(name, pod), ...(goal === undefined ? {} : { goal }) };
  });
  const middle = sized.find(({ name }) => name === 'inject, 64 KB');
  const variables = (count: string, variables: number): BenchCase =>
    inject(`${count} variables`, podOf({ ...command, containers: 1, variables }));
  const usual = podOfSize({ ...command, containers: 2 }, 7 * kilobyte);
  const first = await ask(mutatePath, reviewText(usual, namespace));
  const met = reviewText(patched(usual, first), namespace);
  const unmanaged = podOfSize({ ...command, containers: 2, without: 'managedFields' }, 7 * kilobyte);
  const stranger = podOfSize({ ...command, namespace: otherNamespace, containers: 2 }, 7 * kilobyte);
  const optedOut = podOfSize(
    { ...command, containers: 2, labels: { 'outrider.dev/inject': 'disabled' } },
    7 * kilobyte,
  );
  const clients = [1, 25, 200].map((connections) => ({
    ...inject(`7 KB, ${connections} connections`, usual),
    connections,
  }));
  return [
    ...sized.map((one) => (one.name === largestName && middle !== undefined ? { ...one, beside: middle } : one)),
    { ...inject('7 KB, a template each', usual), templates },
    inject('7 KB, no managedFields', unmanaged),
    variables('1,000', 1000),
    { ...variables('2,000', 2000), beside: variables('1,000', 1000) },
    inject('50 containers', podOf({ ...command, containers: 50, variables: 20 })),
    {
      name: 'skip, no policy, 7 KB',
      path: mutatePath,
      body: reviewText(stranger, otherNamespace),
      verdict: 'skip/no_policy',
      goal: skipGoal,
    },
    {
      name: 'skip, opted out, 7 KB',
      path: mutatePath,
      body: reviewText(optedOut, namespace),
      verdict: 'skip/pod_opted_out',
      goal: skipGoal,
    },
    { name: 'second call, already met, 7 KB', path: mutatePath, body: met, verdict: injected },
    { name: 'validate, 7 KB', path: validate, body: met, verdict: injected },
    ...clients,
    { ...inject('7 KB, a handshake each', usual), churn: true },
  ];
}

/** A pod of two containers that leaves it to its image what is started. */
export function imageReview(image: string): string {
  return reviewText(podOfSize({ namespace, command: false, containers: 2, image }, 7 * kilobyte), namespace);
}

/** The case of an image that was looked up before. */
export function cachedCase(image: string): BenchCase {
  return { name: 'inject, cached image, 7 KB', path: mutatePath, body: imageReview(image), verdict: injected };
}

/** Whether an answer is what the case is about. @throws Error when it is not */
export function checkAnswer({ name, verdict }: Pick<BenchCase, 'name' | 'verdict'>, answer: string): void {
  const { verdict: got } = reviewedOf(answer, 0);
  if (got !== verdict) throw new Error(`case "${name}" is answered with ${got}, not ${verdict}`);
}

function patched(pod: JsonObject, answer: string): JsonObject {
  return fastJsonPatch.applyPatch(structuredClone(pod), [...reviewedOf(answer, 0).patch], true).newDocument;
}
