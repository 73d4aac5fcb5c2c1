import { must, type Target } from '../target.js';

const forever = (): boolean => performance.now() >= 0;

function selfTest(name: string, check: Target['check']): Target {
  const seed = new TextEncoder().encode(name);
  return { name: `self-test ${name}`, form: 'bytes', seeds: () => [seed], check };
}

/** Targets that are broken on purpose: for the test of what finds faults. */
export const selfTests: Readonly<Record<string, { readonly open: () => Target }>> = {
  'self-test dies': { open: () => selfTest('dies', () => process.kill(process.pid, 'SIGKILL').toString()) },
  'self-test hangs': {
    open: () =>
      selfTest('hangs', () => {
        while (forever());
        return '';
      }),
  },
  'self-test waits': { open: () => selfTest('waits', () => new Promise(() => undefined)) },
  'self-test fails': {
    open: () =>
      selfTest('fails xyz', (input) => {
        must(!Buffer.from(input).includes('x'), 'the input holds the letter');
        return 'fine';
      }),
  },
};
