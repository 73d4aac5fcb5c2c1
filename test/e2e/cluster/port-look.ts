import type { ApiClient } from '../../../src/cluster/client/api-client.js';
import { pathOf, resources } from '../../../src/cluster/client/resources.js';
import { pathsIn } from '../../../src/cluster/registration/webhook-configuration.js';

/** Where the API server is told to call for pods, looked at again and again. */
export interface PortLook {
  /** Every path that was seen, in the order in which they came. */
  readonly paths: ReadonlySet<string>;
  stop(): Promise<void>;
}

/** Where the API server calls for pods by the mutating configuration. */
export async function podPaths(client: ApiClient): Promise<readonly string[]> {
  const live = await client.get(pathOf(resources.mutatingWebhooks, { name: 'outrider' }));
  return pathsIn(live, 'outrider').filter((path) => path.startsWith('/mutate/pods'));
}

/** Starts to look, five times a second. */
export function startPortLook(client: ApiClient): PortLook {
  const paths = new Set<string>();
  const stopped = new AbortController();
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      for (const path of await podPaths(client)) paths.add(path);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  const running = run();
  return {
    paths,
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
}
