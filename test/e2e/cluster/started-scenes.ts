import type { Test } from 'tap';
import { startApiServer, type ApiServer } from './api-server.js';
import { installScenes, type Scene } from './by-api-server.js';
import { DryRunPods } from './dry-run-pods.js';

/** An API server that instruments the pods of some scenes by itself. */
export interface StartedScenes {
  readonly api: ApiServer;
  /** Creates pods as an admin, none of which is stored. */
  readonly pods: DryRunPods;
  /** Why scenes have none of the API server's policies, by namespace. */
  readonly unclaimed: ReadonlyMap<string, string>;
}

/**
 * Starts an API server without controllers and makes scenes in it. It ends with the test.
 * @param plugins admission plug-ins beside those that are on by default
 */
export async function startScenes(
  t: Test,
  scenes: readonly Scene[],
  plugins: readonly string[] = [],
): Promise<StartedScenes> {
  const api = await startApiServer({ controllerManager: false, plugins });
  t.teardown(() => api.stop());
  const pods = new DryRunPods(api, await api.certificateFor('creator', ['system:masters']));
  t.teardown(() => pods.close());
  return { api, pods, unclaimed: await installScenes(api, scenes) };
}
