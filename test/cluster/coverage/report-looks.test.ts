import t from 'tap';
import { ReportLooks } from '../../../src/cluster/coverage/report-looks.js';
import type { ImageResolver } from '../../../src/model/image.js';
import { running } from '../../engine/coverage/running.js';
import { engineFor } from '../../support/engine.js';
import { podWith } from '../../support/pods.js';

const shop = { namespace: 'shop', labels: {} };
const { signal } = new AbortController();
const podFrom = (image: string) => running(podWith({ command: undefined, image }));

/** Nothing is ever known without a look-up, as of a cache that forgets at once. */
function setUp(outcomeOf: (reference: string) => Awaited<ReturnType<ImageResolver['lookUp']>> = () => found) {
  const lookedUp: string[] = [];
  const waited: number[] = [];
  const images: ImageResolver = {
    known: () => undefined,
    lookUp: ({ reference }) => {
      lookedUp.push(reference);
      return Promise.resolve(outcomeOf(reference));
    },
  };
  const engine = { ...engineFor({ mode: 'Report', prefer: 'Security' }), images };
  const looks = new ReportLooks({
    sleep: (ms) => {
      waited.push(ms);
      return Promise.resolve();
    },
  });
  looks.begin();
  return { looks, engine, lookedUp, waited };
}

const found = { ok: true, config: { entrypoint: ['/app'], cmd: [] }, source: 'registry' } as const;

t.test('the pods of one template cost one look-up, and the next sweep none', async (t) => {
  const { looks, engine, lookedUp } = setUp();
  for (let pod = 0; pod < 50; pod++) {
    t.match(await looks.of(podFrom('shop/web:1'), shop, engine, signal), { decision: 'inject', reason: 'injected' });
  }
  t.same(lookedUp, ['shop/web:1']);
  looks.begin();
  t.match(await looks.of(podFrom('shop/web:1'), shop, engine, signal), { decision: 'inject' });
  t.equal(lookedUp.length, 1);
  t.match(await looks.of(podFrom('shop/web:1'), { namespace: 'bank', labels: {} }, engine, signal), {
    decision: 'inject',
  });
  t.equal(lookedUp.length, 2, 'another namespace may see another image: it asks by its own rights');
});

t.test('a sweep looks up no more than 20, one after the other, and later sweeps do the others', async (t) => {
  const { looks, engine, lookedUp, waited } = setUp();
  const sweep = async (): Promise<number> => {
    looks.begin();
    let unknown = 0;
    for (let image = 0; image < 50; image++) {
      const place = { namespace: `team-${image % 10}`, labels: {} };
      const would = await looks.of(podFrom(`shop/web:${image}`), place, engine, signal);
      if (would?.decision === 'unknown') unknown += 1;
    }
    return unknown;
  };
  t.equal(await sweep(), 30);
  t.equal(lookedUp.length, 20);
  t.same(new Set(waited), new Set([500]));
  t.equal(await sweep(), 10);
  t.equal(await sweep(), 0);
  t.equal(lookedUp.length, 50);
});

t.test('a failure is an answer; no answer in time is none', async (t) => {
  const { looks, engine, lookedUp } = setUp((reference) =>
    reference === 'shop/slow:1'
      ? { ok: false, reason: 'lookup_timeout', detail: '' }
      : { ok: false, reason: 'image_not_found', detail: '' },
  );
  const of = (image: string) => looks.of(podFrom(image), shop, engine, signal);
  t.match(await of('shop/gone:1'), { decision: 'deny', reason: 'image_not_found' });
  t.match(await of('shop/gone:1'), { decision: 'deny', reason: 'image_not_found' });
  t.match(await of('shop/slow:1'), { decision: 'unknown', reason: 'image_not_looked_up' });
  t.match(await of('shop/slow:1'), { decision: 'unknown' });
  t.same(lookedUp, ['shop/gone:1', 'shop/slow:1', 'shop/slow:1']);
});

t.test('pods of a policy that does more than report cost nothing', async (t) => {
  const { looks, engine, lookedUp } = setUp();
  const others = { ...engineFor({ prefer: 'Security' }), images: engine.images };
  t.equal(await looks.of(podFrom('shop/web:1'), shop, others, signal), undefined);
  t.same(lookedUp, []);
});
