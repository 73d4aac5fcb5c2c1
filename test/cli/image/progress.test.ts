import t from 'tap';
import { withProgress } from '../../../src/cli/image/progress.js';
import type { ImageOutcome, ImageResolver } from '../../../src/model/image.js';

const found: ImageOutcome = { ok: true, config: { entrypoint: ['/app'], cmd: [] }, source: 'registry' };

/** A resolver whose look-ups end when they are told to, and a terminal that remembers. */
function setUp(terminal: { readonly isTerminal: boolean; readonly term?: string }) {
  const written: string[] = [];
  const waiting: ((outcome: ImageOutcome) => void)[] = [];
  const resolver: ImageResolver = {
    known: () => found,
    lookUp: () => new Promise((resolve) => waiting.push(resolve)),
  };
  const stderr = { write: (text: string) => void written.push(text), isTerminal: terminal.isTerminal, columns: 40 };
  const env = terminal.term === undefined ? {} : { TERM: terminal.term };
  const shown = withProgress(resolver, { stderr, env });
  const lookUp = (reference: string): Promise<ImageOutcome> =>
    shown.lookUp({ reference, namespace: '', pod: {} }, AbortSignal.timeout(10_000));
  return { resolver, shown, lookUp, written, end: () => waiting.shift()?.(found) };
}

t.test('one line says what is looked up, and goes away', async (t) => {
  const { shown, lookUp, written, end } = setUp({ isTerminal: true });
  t.equal(shown.known({ reference: 'a', namespace: '', pod: {} }), found, 'what is known is not shown');
  const first = lookUp('acme/app:1');
  const second = lookUp('acme/\u001b[2Jlong-name-of-an-image:1');
  end();
  t.equal(await first, found);
  end();
  await second;
  t.same(written, [
    '\r\u001b[Klooking up acme/app:1',
    '\r\u001b[Klooking up acme/app:1 and 1 more',
    `\r\u001b[K${'looking up acme/ [2Jlong-name-of-an-image:1'.slice(0, 39)}`,
    '\r\u001b[K',
  ]);
});

t.test('nothing is shown but on a terminal that can take a line back', (t) => {
  for (const terminal of [{ isTerminal: false }, { isTerminal: true, term: 'dumb' }]) {
    const { resolver, shown } = setUp(terminal);
    t.equal(shown, resolver);
  }
  t.end();
});
