import t from 'tap';
import { takenBack, type TakenBackFound } from '../../../src/cluster/status/taken-back.js';
import { engineFor } from '../../support/engine.js';
import { podOf } from '../../support/pods.js';
import { entryFor } from '../../support/taken-back.js';

const nothing: TakenBackFound = { leftAlone: [], trying: [], insisted: [], beyond: 0, invalid: 0, trouble: undefined };
const web = entryFor(podOf(), engineFor());

t.test('the condition says no more than was seen', (t) => {
  const said = (found: Parameters<typeof takenBack>[0]): string => {
    const { status, reason, message } = takenBack(found);
    return `${status} ${reason} ${message}`;
  };
  t.match(said(undefined), /^Unknown Pending /);
  t.match(said('off'), /^Unknown TakeBackOff .*--take-back-after/);
  t.match(said({ notLooked: 'the API server did not answer' }), /^Unknown NotLookedAt .*did not answer\.$/);
  t.match(said(nothing), /^False NothingTakenBack .*as far as was seen\.$/);
  t.match(
    said({ ...nothing, leftAlone: [web], trying: [web, web] }),
    /^True WorkloadsTakenBack One workload is left alone: shop\/pod\/web\. 2 workloads are being tried again: .*cannot pull the image/,
  );
  t.match(said({ ...nothing, insisted: [web] }), /^False PartsFail .*on which the policy insists/);
  t.match(
    said({ ...nothing, leftAlone: [web], beyond: 3 }),
    /^True TakenBackFull .*3 more workloads have such trouble/,
  );
  t.match(said({ ...nothing, beyond: 1 }), /^False TakenBackFull One more workload has/);
  t.match(said({ ...nothing, invalid: 2 }), /2 entries of the ConfigMap .* are ignored\.$/);
  t.match(
    said({ ...nothing, trouble: 'the API server did not answer' }),
    /did not come through: the API server did not answer\.$/,
  );
  t.end();
});
