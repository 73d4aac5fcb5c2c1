/** What tests of the command line begin with: an API server, a namespace that a policy is for, and that policy. */
import type { Test } from 'tap';
import { startApiServer, type ApiServer } from './api-server.js';
import { applyText } from './apply.js';
import { installDefinitions } from './definitions.js';

/** The policy `default`, for namespaces with the chart's label. */
export const defaultPolicy = `
apiVersion: outrider.dev/v1alpha1
kind: InstrumentationPolicy
metadata: {name: default}
spec:
  match: {namespaceSelector: {matchLabels: {outrider.dev/inject: enabled}}}
  profile: {name: sysdig, settings: {region: us2}}
`;

/** The namespace `shop`, which has that label. @param labels further ones */
export function shopNamespace(labels: Readonly<Record<string, string>> = {}): string {
  return `
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: ${JSON.stringify({ 'outrider.dev/inject': 'enabled', ...labels })}}
`;
}

/**
 * An API server with controllers, ended with the test.
 * @param manifests applied once the definitions are there
 */
export async function startCommandScene(t: Test, ...manifests: readonly string[]): Promise<ApiServer> {
  const api = await startApiServer({ controllerManager: true });
  t.teardown(() => api.stop());
  await installDefinitions(api);
  await applyText(api, [shopNamespace(), defaultPolicy, ...manifests].join('---'));
  return api;
}
