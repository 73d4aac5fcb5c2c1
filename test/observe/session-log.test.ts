import t from 'tap';
import type { SessionRecord } from '../../src/model/session-record.js';
import { createLogger } from '../../src/observe/logger.js';
import { Metrics, Registry } from '../../src/observe/metrics.js';
import { sessionLog } from '../../src/observe/session-log.js';

const record: SessionRecord = {
  kind: 'exec',
  decision: 'untraced',
  reason: 'report_mode',
  policy: 'payments',
  user: 'jo@example.com',
  namespace: 'shop',
  pod: 'web-0',
  container: 'app',
  command: 'sh -c ls',
};

t.test('each session is counted under bounded labels, and has a line', async (t) => {
  const lines: string[] = [];
  const logger = await createLogger({
    level: 'info',
    format: 'json',
    destination: { write: (line: string) => void lines.push(line) },
  });
  const registry = new Registry();
  const metrics = new Metrics({ registry, version: '1', nodeVersion: 'v20', rejectCauses: [] });
  metrics.knowPolicies(['payments']);
  const tell = sessionLog(logger, metrics);
  tell(record, '00-abc-def-01');
  tell({ ...record, decision: 'denied' });
  tell({ ...record, policy: 'gone' });
  tell({ ...record, policy: undefined, kind: 'debug' });

  const page = await registry.metrics();
  t.match(page, 'outrider_sessions_total{policy="payments",kind="exec",decision="untraced"} 1');
  t.match(page, 'outrider_sessions_total{policy="payments",kind="exec",decision="denied"} 1');
  t.match(page, 'outrider_sessions_total{policy="other",kind="exec",decision="untraced"} 1');
  t.match(page, 'outrider_sessions_total{policy="",kind="debug",decision="untraced"} 1');
  t.equal(lines.length, 4);
  t.match(JSON.parse(lines[0] ?? ''), { level: 'info', ...record, traceparent: '00-abc-def-01', msg: 'a session' });
  t.match(JSON.parse(lines[1] ?? ''), { level: 'warn', decision: 'denied', msg: 'a session was denied' });
});
