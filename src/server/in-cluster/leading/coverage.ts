import { CoverageAudit } from '../../../cluster/coverage/audit.js';
import { calledSinceMs } from '../../../cluster/coverage/called-since.js';
import { CoverageEvents } from '../../../cluster/coverage/coverage-events.js';
import type { ReachHistory } from '../../../cluster/coverage/reach-history.js';
import type { LeadingOptions } from './options.js';

const minuteMs = 60_000;

/** What the sweep of running pods needs, in addition to the leader's options. */
export interface LedCoverageOptions extends Pick<
  LeadingOptions,
  'settings' | 'watching' | 'state' | 'connection' | 'engine' | 'coverageMetrics' | 'tell'
> {
  /** Whether a replica is known to answer. */
  readonly isServing: () => boolean;
  /** When the API server did not reach the webhook. */
  readonly reach: ReachHistory;
  readonly onResult: () => void;
  /** Called for each namespace with a pod that claims to be instrumented, and that pod's age. */
  readonly onInstrumented: (namespace: string, ageMs: number) => void;
}

/** Makes the leader's look at running pods, which informs people with Events if these are written. */
export function createCoverageAudit(options: LedCoverageOptions): CoverageAudit {
  const { settings, watching, state, connection, engine, coverageMetrics, isServing, reach } = options;
  const { serverClock } = connection;
  const events = createEvents(options);
  return new CoverageAudit({
    ...watching,
    // Pods carry the API server's dates.
    clock: serverClock,
    metrics: coverageMetrics,
    everyMs: settings.auditMinutes * minuteMs,
    engine: () => (isServing() ? engine() : undefined),
    namespaces: () => state.configuration().namespaces,
    onInstrumented: options.onInstrumented,
    calledFor: (policy) => ({
      sinceMs: calledSinceMs(state.statusOf('policies', policy)),
      unreached: reach.times(serverClock.wallMs()),
    }),
    generationOf: (name) => state.configuration().policies.find((policy) => policy.name === name)?.servedGeneration,
    onResult: (policies) => {
      options.onResult();
      if (policies !== undefined) events?.swept(policies);
    },
  });
}

function createEvents({ tell, connection, state }: LedCoverageOptions): CoverageEvents | undefined {
  if (tell === undefined) return undefined;
  return new CoverageEvents({
    tell,
    clock: connection.serverClock,
    advises: (name) =>
      state
        .configuration()
        .rules.policies.ranked.some((one) => one.valid && one.name === name && one.spec.restart === 'Advise'),
  });
}
