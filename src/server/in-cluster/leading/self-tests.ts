import { randomUUID } from 'node:crypto';
import { InForceLoop } from '../../../cluster/registration/in-force-loop.js';
import { SelfTestLoop } from '../../../cluster/registration/self-test-loop.js';
import type { LeadingOptions } from './options.js';

/** What the self-tests need. */
type SelfTestsOptions = Pick<LeadingOptions, 'settings' | 'watching' | 'connection'>;

/** Makes the leader's test of whether the API server reaches the webhook. */
export function createSelfTest(
  { settings, watching }: SelfTestsOptions,
  about: Pick<ConstructorParameters<typeof SelfTestLoop>[0], 'ready' | 'onResult'>,
): SelfTestLoop {
  return new SelfTestLoop({
    ...watching,
    ...about,
    instance: settings.instance,
    ownNamespace: settings.ownNamespace,
    nonce: randomUUID,
    everySeconds: settings.probeSeconds,
  });
}

/** Makes the leader's test of whether the API server calls the webhook by the latest configuration. */
export function createInForce({ settings, watching, connection }: SelfTestsOptions, onChange: () => void): InForceLoop {
  return new InForceLoop({
    ...watching,
    clock: connection.serverClock,
    instance: settings.instance,
    ownNamespace: settings.ownNamespace,
    nonce: randomUUID,
    onChange,
  });
}
