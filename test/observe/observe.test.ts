import t from 'tap';
import { createLogger, type LoggerOptions } from '../../src/observe/logger.js';
import { Metrics, Registry } from '../../src/observe/metrics.js';
import { createReviewLine } from '../../src/observe/review-line.js';

async function logged(options: Partial<LoggerOptions> & { readonly isTTY?: boolean }): Promise<string> {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line), isTTY: options.isTTY === true };
  const logger = await createLogger({ level: 'info', format: 'auto', ...options, destination });
  logger.debug('not this');
  logger.info({ uid: 'u1' }, 'reviewed');
  logger.error({ err: new Error('broken', { cause: new Error('deep') }) }, 'failed');
  return lines.join('');
}

t.test('JSON, one line each, unless a terminal reads', async (t) => {
  const lines = (await logged({})).trim().split('\n');
  t.equal(lines.length, 2);
  t.match(JSON.parse(lines[0] ?? ''), { level: 'info', uid: 'u1', msg: 'reviewed', time: /^\d{4}-.*Z$/ });
  t.match(JSON.parse(lines[1] ?? ''), { level: 'error', err: { message: 'broken: deep', stack: /Error: broken/ } });
  t.equal((await logged({ format: 'json', isTTY: true })).trim().split('\n').length, 2, 'also there, when asked for');
  t.equal(await logged({ level: 'silent' }), '');
});

t.test('for people on a terminal or when asked, in colour only on a terminal without NO_COLOR', async (t) => {
  const escape = '\u001b[';
  const plain = await logged({ format: 'pretty' });
  t.match(plain, /INFO: reviewed/);
  t.notOk(plain.includes(escape));
  t.ok((await logged({ isTTY: true })).includes(escape));
  t.ok((await logged({ isTTY: true, env: { NO_COLOR: '' } })).includes(escape), 'empty counts as not set');
  t.notOk((await logged({ isTTY: true, env: { NO_COLOR: '1' } })).includes(escape));
});

t.test('metrics have bounded labels and start at zero', async (t) => {
  const registry = new Registry();
  const rejectCauses = ['overloaded', 'internal'];
  const metrics = new Metrics({ registry, version: '1.2.3', nodeVersion: 'v20', rejectCauses });
  const page = async (): Promise<string> => registry.metrics();
  t.match(await page(), 'outrider_build_info{version="1.2.3",node_version="v20"} 1');
  t.match(await page(), 'outrider_rejected_requests_total{cause="overloaded"} 0');
  t.match(await page(), 'outrider_admission_in_flight 0');
  t.match(await page(), /process_cpu_seconds_total|process_resident_memory_bytes/);

  metrics.knowPolicies(['default']);
  const review = { door: 'mutate', decision: 'inject', reason: 'injected' } as const;
  metrics.countReview({ ...review, policy: 'default' });
  metrics.countReview({ ...review, policy: 'default' });
  metrics.countReview({ ...review, policy: 'made-up-1' });
  metrics.countReview({ ...review, policy: 'made-up-2' });
  metrics.countReview({ ...review, policy: undefined });
  const counted = 'outrider_admission_reviews_total{door="mutate",policy=';
  t.match(await page(), `${counted}"default",decision="inject",reason="injected"} 2`);
  t.match(await page(), `${counted}"other",decision="inject",reason="injected"} 2`);
  t.match(await page(), `${counted}"",decision="inject",reason="injected"} 1`);
  t.notMatch(await page(), /made-up/);
  const reported = { door: 'mutate', decision: 'skip', reason: 'report_mode', policy: 'default' } as const;
  metrics.countReview({ ...reported, would: 'inject', wouldReason: 'injected' });
  metrics.countReview({ ...reported, would: 'deny', wouldReason: 'host_network' });
  metrics.countReview({ ...reported, would: 'deny', wouldReason: 'host_network' });
  const would = `${counted}"default",decision="skip",reason="report_mode",would=`;
  t.match(await page(), `${would}"inject",would_reason="injected"} 1`);
  t.match(await page(), `${would}"deny",would_reason="host_network"} 2`);

  metrics.countRejected('internal');
  metrics.countRejected('something else');
  t.match(await page(), 'outrider_rejected_requests_total{cause="internal"} 1');
  t.match(await page(), 'outrider_rejected_requests_total{cause="other"} 1');

  metrics.observeDuration('validate', 0.003);
  t.match(await page(), 'outrider_admission_duration_seconds_bucket{le="0.005",door="validate"} 1');
  metrics.watchInFlight(() => 7);
  t.match(await page(), 'outrider_admission_in_flight 7');
  metrics.setCertificateExpiry(new Date(1_800_000_000_000));
  t.match(await page(), 'outrider_certificate_expiry_timestamp_seconds 1800000000');
  metrics.countReload('success');
  t.match(await page(), 'outrider_configuration_last_reload_successful 1');
  metrics.countReload('failure');
  t.match(await page(), 'outrider_configuration_last_reload_successful 0');
  t.match(await page(), 'outrider_configuration_reloads_total{result="failure"} 1');
  metrics.countCertificateReload('failure');
  t.match(await page(), 'outrider_certificate_reloads_total{result="failure"} 1');

  new Metrics({ registry: new Registry(), version: '0', nodeVersion: 'v0', rejectCauses });
  t.pass('a second set in a registry of its own does not collide');
});

t.test('a review is logged as the logger would', async (t) => {
  const review = {
    door: 'mutate',
    uid: 'u"1',
    namespace: 'shop',
    owner: 'Pod/web\u2028',
    dryRun: false,
    decision: 'inject',
    reason: 'injected',
    policy: 'default',
    durationMs: 1.25,
    traceparent: undefined,
  } as const;
  for (const [format, level] of [
    ['json', 'info'],
    ['pretty', 'info'],
    ['json', 'warn'],
  ] as const) {
    const lines: string[] = [];
    const logger = await createLogger({ level, format, destination: { write: (line) => void lines.push(line) } });
    const log = createReviewLine(logger);
    log(review);
    log({ ...review, policy: undefined, traceparent: '00-1"' });
    log({ ...review, would: 'deny', wouldReason: 'host_network' });
    logger.info(review, 'reviewed');
    if (level === 'warn') {
      t.same(lines, []);
      continue;
    }
    if (format === 'json') {
      const [first, second, reported, third] = lines.map((line): unknown => JSON.parse(line));
      t.match(second, { traceparent: '00-1"' });
      t.match(reported, { would: 'deny', wouldReason: 'host_network' });
      t.notOk(lines[1]?.includes('policy'));
      const timeless = (line: unknown): unknown => ({ ...(line as object), time: '' });
      t.same(timeless(first), timeless(third));
      t.same(Object.keys(first as object), Object.keys(third as object));
    } else {
      const timeless = (line: string | undefined): string | undefined => line?.replace(/[\d:.]{8,}/, 'T');
      t.equal(timeless(lines[0]), timeless(lines[3]));
    }
    t.equal(lines.filter((line) => line.includes('reviewed')).length, 4);
  }
});
