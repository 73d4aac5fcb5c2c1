import type { Installation, WebhookAddress } from '../../../cluster/registration/entry.js';
import type { Settings } from '../../../settings/table.js';
import { excludedBySettings, type ExcludedSettings } from '../cluster-engines.js';

/** The settings that webhook configurations are written by. */
export type RegistrationSettings = ExcludedSettings &
  Pick<Settings, 'instance' | 'webhookUrl' | 'webhookService' | 'webhookTimeoutSeconds' | 'webhookAnnotations'>;

/** The parts that all entries of the webhook configurations share. */
export function installationOf(settings: RegistrationSettings): Installation {
  return {
    instance: settings.instance,
    ownNamespace: settings.ownNamespace,
    excludedNamespaces: excludedBySettings(settings),
    address: addressOf(settings),
    timeoutSeconds: settings.webhookTimeoutSeconds,
    annotations: settings.webhookAnnotations,
  };
}

function addressOf({ webhookUrl, webhookService }: RegistrationSettings): WebhookAddress {
  if (webhookUrl !== '') return { url: webhookUrl };
  const [name = '', port = '443'] = webhookService.split(':');
  return { service: { name, port: Number(port) } };
}
