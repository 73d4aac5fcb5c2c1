import t from 'tap';
import { podSteps } from '../../../src/cli/explain/pod-state.js';

t.test('who instrumented a pod is said as its label’s word: whoever may edit the pod may write it', (t) => {
  const detailOf = (by: string | undefined): string | undefined =>
    podSteps(
      {},
      {
        instrumented: true,
        missing: [],
        stamped: { status: 'injected', ...(by === undefined ? {} : { by }) },
        current: {},
      },
    ).find(({ subject }) => subject === 'instrumented by')?.detail;
  t.equal(detailOf('api-server'), 'the API server by itself, as the label outrider.dev/by says');
  t.equal(detailOf('webhook'), 'the webhook, which found a label outrider.dev/by that said: the API server by itself');
  t.equal(detailOf('constructor'), undefined, 'a word that is none of ours says nothing');
  t.equal(detailOf(undefined), undefined);
  t.end();
});
