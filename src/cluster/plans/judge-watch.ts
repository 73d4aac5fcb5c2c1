import type { JsonObject } from '../../model/json.js';
import type { Logger } from '../../observe/logger.js';
import type { Timing } from '../../time/sleep.js';
import type { ApiClient } from '../client/api-client.js';
import { resources } from '../client/resources.js';
import { Reflector } from '../watch/reflector.js';
import { idOf, ownLabel, type PolicyKind } from './policy-object.js';

/** What is needed to watch over the judging policies. */
export interface JudgeWatchOptions extends Timing {
  readonly client: ApiClient;
  readonly log: Logger;
  readonly relistMs: number;
  /** Called with each judging policy or binding of ours that was changed, or deleted: `undefined`. */
  readonly onChange: (id: string, live: JsonObject | undefined) => void;
}

/**
 * Watches the policies that judge, and their bindings, until the signal aborts: where one goes, as when the chart's role is
 * removed, the webhook has to judge again at once.
 */
export function watchJudges(options: JudgeWatchOptions, signal: AbortSignal): void {
  const follow = (kind: Extract<PolicyKind, `validating${string}`>): void => {
    const reflector = new Reflector<JsonObject>({
      ...options,
      resource: resources[kind],
      labels: ownLabel,
      pick: (object) => object,
      signal,
      onChange: (names) => {
        for (const name of names) options.onChange(idOf({ kind, name }), reflector.get(name));
      },
    });
  };
  follow('validatingPolicies');
  follow('validatingPolicyBindings');
}
