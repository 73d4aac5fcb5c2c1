import { createDebugDoor } from '../../admission/debug-review.js';
import type { DoorOptions } from '../../admission/door-options.js';
import { createAttachDoor, createExecDoor } from '../../admission/session-doors.js';
import type { SessionDoorOptions } from '../../admission/session-review.js';
import type { ApiClient } from '../../cluster/client/api-client.js';
import { PodReader } from '../../cluster/pods/pod-reader.js';
import type { Engine } from '../../engine/engine.js';
import type { Logger } from '../../observe/logger.js';
import type { Metrics } from '../../observe/metrics.js';
import { sessionLog } from '../../observe/session-log.js';
import type { ReviewHandlers } from '../review-context.js';
import { reviewLog } from '../review-log.js';
import { byProof, type UnprovenDoors } from './unproven-doors.js';

/** What the doors for sessions in running pods need. */
export interface WayDoorsOptions {
  readonly client: Pick<ApiClient, 'get'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** The same as for the doors for new pods. */
  readonly doors: Pick<DoorOptions, 'engine' | 'namespaceLabels' | 'reread' | 'onFailure'>;
  readonly unproven: UnprovenDoors;
  readonly earlier: () => Iterable<Engine>;
}

/** The handlers for sessions in running pods. Without proof, no pod is read and nothing is recorded. */
export function wayDoors(options: WayDoorsOptions): Pick<ReviewHandlers, 'exec' | 'attach' | 'debug'> {
  const { client, logger, metrics, doors, unproven, earlier } = options;
  const pods = new PodReader({
    client,
    onFailure: (error) => logger.warn({ err: error }, 'the pod of a session could not be read'),
  });
  const proven: SessionDoorOptions = {
    ...doors,
    readPod: pods.read,
    earlier,
    onReviewed: reviewLog(logger, metrics).onReviewed,
    onSession: sessionLog(logger, metrics),
  };
  return {
    exec: {
      mutate: byProof(createExecDoor('mutate', proven), createExecDoor('mutate', unproven)),
      validate: byProof(createExecDoor('validate', proven), createExecDoor('validate', unproven)),
    },
    attach: { validate: byProof(createAttachDoor(proven), createAttachDoor(unproven)) },
    debug: {
      mutate: byProof(createDebugDoor('mutate', proven), createDebugDoor('mutate', unproven)),
      validate: byProof(createDebugDoor('validate', proven), createDebugDoor('validate', unproven)),
    },
  };
}
