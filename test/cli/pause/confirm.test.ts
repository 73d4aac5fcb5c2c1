import t from 'tap';
import { confirm } from '../../../src/cli/pause/confirm.js';

function asking(answer: string, isInteractive: boolean) {
  const written: string[] = [];
  const stdin = (async function* () {
    yield await Promise.resolve(answer);
    throw new Error('reads on after the answer');
  })();
  const stderr = { write: (text: string) => void written.push(text), isTerminal: isInteractive, columns: undefined };
  return { written, io: { stdin, stderr, isInteractive } };
}

t.test('U10: at a terminal a person is asked, and anything but yes is no', async (t) => {
  for (const [answer, goesOn] of [
    ['y\n', true],
    ['YES\r\n', true],
    ['\n', false],
    ['n\n', false],
    ['yesterday\n', false],
  ] as const) {
    const { io, written } = asking(answer, true);
    t.equal(await confirm(io, 'It stops.', { yes: false, explicit: true }, '--yes'), goesOn, answer);
    t.same(written, ['It stops. Go on? [y/N] ']);
  }
  const { io, written } = asking('n\n', true);
  t.equal(await confirm(io, 'It stops.', { yes: true, explicit: false }, '--yes'), true);
  t.same(written, [], '--yes is not asked about');
});

t.test('U10: where nobody is there, the command line has to say that it is meant', async (t) => {
  const { io, written } = asking('y\n', false);
  t.equal(await confirm(io, 'It stops.', { yes: false, explicit: true }, '--yes'), true);
  await t.rejects(confirm(io, 'It stops.', { yes: false, explicit: false }, '--yes, or --for'), {
    code: 'usage',
    message: 'It stops. Nobody is there to be asked: give --yes, or --for.',
  });
  t.same(written, []);
});
