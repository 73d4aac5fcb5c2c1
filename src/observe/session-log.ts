import type { SessionRecord } from '../model/session-record.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';

/** Called for each session that was admitted or denied under a policy that asks for it. */
export type SessionSink = (record: SessionRecord, traceparent?: string) => void;

/** Counts each session and writes a line of it: a warning where it was denied. */
export function sessionLog(logger: Logger, metrics: Pick<Metrics, 'countSession'>): SessionSink {
  return (record, traceparent) => {
    metrics.countSession(record);
    const line = traceparent === undefined ? record : { ...record, traceparent };
    if (record.decision === 'denied') logger.warn(line, 'a session was denied');
    else logger.info(line, 'a session');
  };
}
