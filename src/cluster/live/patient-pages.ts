import type { Sleep } from '../../time/sleep.js';
import type { ApiClient, ListPage } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';

/** How often a page is asked for that the API server is too busy to give. */
const mostTries = 5;
const longestPauseMs = 30_000;

/**
 * Reads one page of a list. Asks again, as late as the API server says, while that is too busy.
 *
 * @throws ApiError
 */
export async function patientPage(
  client: Pick<ApiClient, 'page'>,
  sleep: Sleep,
  ...[path, options = {}]: Parameters<ApiClient['page']>
): Promise<ListPage> {
  for (let tries = 1; ; tries++) {
    try {
      return await client.page(path, options);
    } catch (error) {
      const isBusy = isApiError(error) && (error.status === 429 || error.status === 503);
      if (!isBusy || tries === mostTries) throw error;
      const pauseMs = Math.min(longestPauseMs, (error.retryAfterSeconds ?? tries) * 1000);
      await sleep(pauseMs, options.signal ?? new AbortController().signal);
    }
  }
}
