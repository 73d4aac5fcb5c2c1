import t from 'tap';
import { readReport, reportOf, reportSentence } from '../../../src/cluster/status/reported.js';
import { noCounts, type WouldCount } from '../../../src/model/coverage.js';
import { asJson } from '../../../src/model/json.js';
import { reasonCodes } from '../../../src/model/reasons.js';

const observedAt = '2026-11-29T10:00:00Z';
const would: readonly WouldCount[] = [
  { decision: 'inject', reason: 'injected', pods: 7 },
  { decision: 'deny', reason: 'host_network', pods: 2 },
  { decision: 'unknown', reason: 'image_not_looked_up', ifFound: 'inject', pods: 3 },
  { decision: 'unknown', reason: 'image_not_looked_up', ifFound: 'partial', pods: 1 },
];
const found = (counts: readonly WouldCount[] | undefined, generation = 2) => ({
  found: {
    counts: noCounts,
    pods: 13,
    readWhole: 13,
    byApiServer: 0,
    namespaces: 1,
    worst: [],
    beyond: 0,
    ...(counts === undefined ? {} : { would: counts }),
  },
  generation,
  observedAt,
  trouble: undefined,
});
const notYet = { found: undefined, observedAt: undefined, trouble: undefined };

t.test('what would be done is counted, with when and by which generation', (t) => {
  const report = reportOf(found(would), 2, undefined);
  t.same(report, {
    observedAt,
    generation: 2,
    pods: 13,
    inject: 7,
    partial: 0,
    skip: 0,
    deny: 2,
    unknown: 4,
    reasons: [
      { decision: 'inject', reason: 'injected', pods: 7 },
      { decision: 'deny', reason: 'host_network', pods: 2 },
      { decision: 'unknown', reason: 'image_not_looked_up', pods: 4 },
    ],
  });
  t.equal(reportSentence(report), 'In mode Inject: 7 inject, 2 deny (host_network), 4 unknown (image_not_looked_up).');
  t.match(reportOf(found(undefined), 2, undefined), { inject: 0, deny: 0, reasons: [] }, 'a policy without pods');
  t.equal(reportSentence(undefined), '');
  t.end();
});

t.test('another leader keeps what was found, with its date, unless it is of another generation', (t) => {
  const before = asJson({ report: reportOf(found(would), 2, undefined) });
  t.match(reportOf(notYet, 2, before), { observedAt, inject: 7 });
  t.equal(reportOf(notYet, 3, before), undefined, 'the policy has changed since');
  t.equal(reportOf(found(would, 2), 3, before), undefined, 'what was looked at was the one before');
  t.equal(reportOf(undefined, 2, before), undefined, 'nobody looks any more');
  t.equal(reportOf(found(would), undefined, before), undefined, 'no version is carried out');
  t.equal(readReport({ report: { observedAt: 'then' } }), undefined, 'of another form');
  t.equal(readReport(undefined), undefined);
  t.end();
});

t.test('a status stays small, whatever pods come to', (t) => {
  const many = reasonCodes.map((reason): WouldCount => ({ decision: 'skip', reason, pods: 1 }));
  const report = reportOf(found(many), 2, undefined);
  t.equal(report?.reasons.length, 50);
  t.equal(report?.skip, reasonCodes.length, 'the sums count them all');
  t.match(readReport(asJson({ report })), { skip: reasonCodes.length }, 'and it is valid');
  t.end();
});
