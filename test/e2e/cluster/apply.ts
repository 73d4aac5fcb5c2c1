import type { ApiServer } from './api-server.js';

/**
 * Applies manifests.
 * @throws with what kubectl said when it failed
 */
export async function applyText(
  { kubectl }: Pick<ApiServer, 'kubectl'>,
  text: string,
  ...flags: readonly string[]
): Promise<void> {
  const { exitCode, stderr } = await kubectl(['apply', '-f', '-', ...flags], text);
  if (exitCode !== 0) throw new Error(`kubectl apply: ${stderr}`);
}

/** Applies objects in one call. Throws what {@link applyText} does. */
export function applyAll(
  api: Pick<ApiServer, 'kubectl'>,
  items: readonly object[],
  ...flags: readonly string[]
): Promise<void> {
  return applyText(api, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), ...flags);
}
