import t from 'tap';
import { LookupShares, TooManyOfNamespace } from '../../src/image/lookup-shares.js';

const never = (): Promise<never> => new Promise(() => undefined);

t.test('F24: a pod’s distinct look-ups are capped, each counted once, and another pod’s are its own', (t) => {
  const shares = new LookupShares({ perPod: 2 });
  const pod = {};
  t.strictSame(
    ['a', 'b', 'a', 'c', 'b', 'd'].map((question) => shares.admits(pod, question)),
    [true, true, true, false, true, false],
  );
  t.ok(shares.admits({}, 'c'));
  const usual = new LookupShares();
  const images = Array.from({ length: 2_000 }, (_, at) => `image-${at}`);
  t.equal(images.filter((image) => usual.admits(pod, image)).length, 50);
  t.end();
});

t.test('F24: look-ups under way are capped by namespace, and one that ends makes room', async (t) => {
  const shares = new LookupShares({ perNamespace: 2 });
  let end = (): void => undefined;
  const first = shares.during('noisy', () => new Promise<void>((resolve) => (end = resolve)));
  void shares.during('noisy', never);
  await t.rejects(shares.during('noisy', never), TooManyOfNamespace);
  t.equal(await shares.during('web', () => Promise.resolve(1)), 1);
  end();
  await first;
  await t.rejects(
    shares.during('noisy', () => Promise.reject(new Error('theirs'))),
    /theirs/,
  );
  void shares.during('noisy', never);
  await t.rejects(shares.during('noisy', never), TooManyOfNamespace, 'a failure makes room as well');
});
