import { objectOf, stringOf } from '../../model/json.js';
import type { ApiClient } from '../client/api-client.js';
import { isApiError } from '../client/api-error.js';

const apiVersion = 'authentication.k8s.io/v1';

/**
 * Asks the API server which user we are.
 * @returns the user's name; `undefined` if it does not say
 */
export async function whoAmI(client: ApiClient): Promise<string | undefined> {
  try {
    const review = { apiVersion, kind: 'SelfSubjectReview' };
    const { status } = await client.create(`/apis/${apiVersion}/selfsubjectreviews`, review);
    return stringOf(objectOf(objectOf(status)?.['userInfo'])?.['username']);
  } catch (error) {
    if (isApiError(error)) return undefined;
    throw error;
  }
}
