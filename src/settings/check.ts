import { settingsTable } from './table.js';
import type { SettingKey, Settings } from './table.js';
import { leastPendingBodies } from '../model/bounds.js';
import { OutriderError } from '../model/error.js';

/** Checks settings that must go together, and says what is wrong. */
type Check = (settings: Partial<Settings>) => OutriderError | undefined;

/**
 * A check of the settings of `keys`, which is passed where one of them was not read.
 *
 * @param field the setting that is to be changed where it is not passed
 */
function check<Key extends SettingKey>(
  field: NoInfer<Key>,
  keys: readonly Key[],
  isBroken: (settings: Pick<Settings, Key>) => boolean,
  say: (settings: Pick<Settings, Key>) => string,
): Check {
  const allRead = (settings: Partial<Settings>): settings is Pick<Settings, Key> =>
    keys.every((key) => settings[key] !== undefined);
  return (settings) =>
    allRead(settings) && isBroken(settings)
      ? new OutriderError('usage', say(settings), { field: settingsTable[field].flag })
      : undefined;
}

const checks: readonly Check[] = [
  check(
    'tlsKey',
    ['tlsCert', 'tlsKey'],
    ({ tlsCert, tlsKey }) => tlsCert !== '' && tlsKey === '',
    () => '--tls-cert is given and --tls-key is not: they go together.',
  ),
  check(
    'tlsCert',
    ['tlsCert', 'tlsKey'],
    ({ tlsCert, tlsKey }) => tlsCert === '' && tlsKey !== '',
    () => '--tls-key is given and --tls-cert is not: they go together.',
  ),
  check(
    'plainPort',
    ['listenPort', 'plainPort'],
    ({ listenPort, plainPort }) => listenPort === plainPort && listenPort !== 0,
    ({ listenPort }) => `--listen-port and --plain-port are both ${listenPort}: they must differ.`,
  ),
  check(
    'dnsNames',
    ['certificates', 'tlsCert', 'cluster', 'dnsNames'],
    (settings) => certificateMode(settings) === 'development' && settings.dnsNames.length === 0,
    () => '--dns-name is empty: a development certificate needs at least one name.',
  ),
  check(
    'config',
    ['cluster', 'config'],
    ({ cluster, config }) => cluster && config !== '',
    () => '--config is given with --cluster: policies come from one of them, so leave one out.',
  ),
  check(
    'kubeconfig',
    ['cluster', 'kubeconfig'],
    ({ cluster, kubeconfig }) => !cluster && kubeconfig !== '',
    () => '--kubeconfig is given without --cluster: give --cluster too, or leave it out.',
  ),
  check(
    'certificates',
    ['certificates', 'cluster'],
    ({ certificates, cluster }) => certificates === 'self-managed' && !cluster,
    () => '--certificates is self-managed without --cluster: the certificate is kept in a Secret of the cluster.',
  ),
  check(
    'certificates',
    ['certificates', 'tlsCert'],
    ({ certificates, tlsCert }) => certificates === 'files' && tlsCert === '',
    () => '--certificates is files: give them with --tls-cert and --tls-key.',
  ),
  check(
    'certificates',
    ['certificates', 'tlsCert', 'cluster'],
    (settings) => settings.tlsCert !== '' && certificateMode(settings) !== 'files',
    ({ certificates }) => `--certificates is ${certificates} and --tls-cert is given: leave one of them out.`,
  ),
  check(
    'caBundle',
    ['caBundle', 'tlsCert', 'cluster'],
    ({ caBundle, tlsCert, cluster }) => caBundle !== '' && (tlsCert === '' || !cluster),
    () => '--ca-bundle needs --tls-cert and --cluster: it is what the API server is told to trust of that certificate.',
  ),
  check(
    'clientNames',
    ['clientCa', 'clientNames'],
    ({ clientCa, clientNames }) => clientNames.length > 0 && clientCa === '',
    () =>
      '--client-name is given without --client-ca: a name is worth nothing without the authority that vouches for it.',
  ),
  check(
    'webhookUrl',
    ['webhookUrl'],
    ({ webhookUrl }) => webhookUrl !== '' && !isBareHttps(webhookUrl),
    ({ webhookUrl }) => `--webhook-url is "${webhookUrl}": it must be https://HOST or https://HOST:PORT, and no more.`,
  ),
  check(
    'caLifetimeMinutes',
    ['caLifetimeMinutes', 'leafLifetimeMinutes'],
    ({ caLifetimeMinutes, leafLifetimeMinutes }) => caLifetimeMinutes < 2 * leafLifetimeMinutes,
    ({ caLifetimeMinutes, leafLifetimeMinutes }) =>
      `--ca-lifetime-minutes is ${caLifetimeMinutes}: it must be at least twice --leaf-lifetime-minutes, ${leafLifetimeMinutes}.`,
  ),
  check(
    'caOverlapSeconds',
    ['caLifetimeMinutes', 'caOverlapSeconds'],
    ({ caLifetimeMinutes, caOverlapSeconds }) => 4 * caOverlapSeconds > 60 * caLifetimeMinutes,
    ({ caLifetimeMinutes, caOverlapSeconds }) =>
      `--ca-overlap-seconds is ${caOverlapSeconds}: it must be at most a quarter of --ca-lifetime-minutes, ${caLifetimeMinutes}.`,
  ),
  check(
    'maxPendingBytes',
    ['maxBodyBytes', 'maxPendingBytes'],
    ({ maxBodyBytes, maxPendingBytes }) => maxPendingBytes < leastPendingBodies * maxBodyBytes,
    ({ maxBodyBytes, maxPendingBytes }) =>
      `--max-pending-bytes is ${maxPendingBytes}: it must be at least three times --max-body-bytes, ${maxBodyBytes}.`,
  ),
];

/**
 * Checks what settings must hold together, for those that were read.
 *
 * @throws OutriderError `usage` for the first settings that do not go together
 */
export function checkTogether(settings: Partial<Settings>): void {
  for (const find of checks) {
    const error = find(settings);
    if (error !== undefined) throw error;
  }
}

function isBareHttps(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname, search, hash, username, password } = new URL(text);
  return protocol === 'https:' && pathname === '/' && search + hash + username + password === '';
}

/** Where the certificate comes from, once `auto` is resolved. */
export function certificateMode(
  settings: Pick<Settings, 'certificates' | 'tlsCert' | 'cluster'>,
): Exclude<Settings['certificates'], 'auto'> {
  const { certificates, tlsCert, cluster } = settings;
  if (certificates !== 'auto') return certificates;
  if (tlsCert !== '') return 'files';
  return cluster ? 'self-managed' : 'development';
}
