import type { Clock } from '../../time/clock.js';
import { isAborted } from '../../time/abort.js';
import type { Sleep } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import { readConfiguration } from '../registration/write.js';
import { leavingOut, skipping } from './judged-entries.js';
import type { Judges } from './judges.js';
import { deleteObject, idOf, type LiveObject, type PolicyKind } from './policy-object.js';
import type { Skips } from './skips.js';

/** The time limit for the webhook's entries to follow. */
const patienceMs = 20_000;
const pollMs = 250;
/** How long it takes, with a margin, until every API server knows of a change. */
const spreadMs = 1_000;

/** What is needed to take the API server's policies away. */
export interface TakeAwayOptions {
  readonly client: ApiClient;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly sleep: Sleep;
  readonly instance: string;
  readonly judges: Judges;
  readonly skips: Skips;
  /** Called with each that was deleted. */
  readonly onGone: (id: string) => void;
}

/**
 * Deletes policies of the API server's in an order in which no pod is wrongly denied or let through: first the webhook is
 * called and judges again, then nothing is instrumented any more, and then nobody else judges.
 * @throws ApiError; also if the webhook's entries do not follow in time
 */
export async function takeAway(
  options: TakeAwayOptions,
  gone: readonly LiveObject[],
  signal: AbortSignal,
): Promise<void> {
  const { client, sleep, onGone } = options;
  await takeBack(options, [...new Set(gone.map(({ policy }) => policy))], signal);
  const remove = async (kinds: readonly PolicyKind[]): Promise<number> => {
    const some = gone.filter(({ kind }) => kinds.includes(kind));
    for (const { kind, name } of some) {
      await deleteObject(client, kind, name, signal);
      onGone(idOf({ kind, name }));
    }
    return some.length;
  };
  if ((await remove(['mutatingPolicyBindings', 'mutatingPolicies'])) > 0) await sleep(spreadMs, signal);
  await remove(['validatingPolicyBindings', 'validatingPolicies']);
}

/** Makes the webhook judge all pods of some policies again, and waits until the API server calls it for them. */
async function takeBack(
  { client, instance, judges, skips, clock, sleep }: TakeAwayOptions,
  policies: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const ofThese = new Set(policies);
  skips.drop((policy) => ofThese.has(policy));
  judges.takeBack(policies);
  const startMs = clock.monotonicMs();
  for (let looks = 0; ; looks++) {
    const [mutating, validating] = await Promise.all([
      readConfiguration(client, 'mutating', instance, signal),
      readConfiguration(client, 'validating', instance, signal),
    ]);
    const left = [...skipping(mutating, policies, instance), ...leavingOut(validating, policies, instance)];
    if (left.length === 0) {
      if (looks > 0) await sleep(spreadMs, signal);
      return;
    }
    if (isAborted(signal) || clock.monotonicMs() - startMs > patienceMs) {
      throw new Error('the webhook’s entries do not ask for all pods again yet');
    }
    await sleep(pollMs, signal);
  }
}
