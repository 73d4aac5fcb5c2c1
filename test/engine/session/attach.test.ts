import t from 'tap';
import { decideAttach } from '../../../src/engine/session/attach.js';
import type { Engine } from '../../../src/engine/engine.js';
import { engineFor } from '../../support/engine.js';
import { podOf } from '../../support/pods.js';
import { jo } from './sessions.js';

t.test('attach is let in, written down or denied: there is no command to trace', (t) => {
  const ask = (engine: Engine, about = {}) => {
    const usual = { kind: 'attach', door: 'validate', namespace: 'shop', namespaceLabels: {}, user: jo } as const;
    return decideAttach({ ...usual, container: '', ...about }, podOf(), engine);
  };
  t.match(ask(engineFor()), { decision: 'untraced', reason: 'session_allowed', recorded: false });
  t.match(ask(engineFor({ prefer: 'Security' })), {
    decision: 'untraced',
    reason: 'session_recorded',
    recorded: true,
    container: 'web',
    policy: 'default',
  });
  const denying = engineFor({ sessions: { attach: 'Deny' } });
  t.match(ask(denying), { decision: 'denied', reason: 'session_denied' });
  t.match(ask(denying, { container: 'none' }), { decision: 'denied', container: 'none' });
  t.match(ask(denying, { door: 'mutate' }), { decision: 'untraced' });
  t.match(ask(engineFor({ sessions: { attach: 'Deny', exempt: { groups: ['developers'] } } })), { recorded: false });
  t.end();
});
