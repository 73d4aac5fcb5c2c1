import type { Settings } from '../../settings/table.js';

/** The DNS names and addresses that the API server calls: the Service's, and the host of a webhook's URL. */
export function certificateNames(
  settings: Pick<Settings, 'webhookService' | 'ownNamespace' | 'webhookUrl'>,
): readonly string[] {
  const [service = ''] = settings.webhookService.split(':');
  const name = `${service}.${settings.ownNamespace}.svc`;
  const host = settings.webhookUrl === '' ? [] : [new URL(settings.webhookUrl).hostname.replace(/^\[(.*)\]$/, '$1')];
  return [...new Set([name, `${name}.cluster.local`, ...host])];
}
