import { settingsTable } from './table.js';
import type { SettingKey, Settings } from './table.js';
import { OutriderError } from '../model/error.js';

/** What settings must hold together, and what to say where they do not. The key is the setting that is to be changed. */
const rules: readonly (readonly [key: SettingKey, isBroken: (settings: Settings) => boolean, say: Say])[] = [
  [
    'tlsKey',
    ({ tlsCert, tlsKey }) => tlsCert !== '' && tlsKey === '',
    () => '--tls-cert is given and --tls-key is not: they go together.',
  ],
  [
    'tlsCert',
    ({ tlsCert, tlsKey }) => tlsCert === '' && tlsKey !== '',
    () => '--tls-key is given and --tls-cert is not: they go together.',
  ],
  [
    'plainPort',
    ({ listenPort, plainPort }) => listenPort === plainPort && listenPort !== 0,
    ({ listenPort }) => `--listen-port and --plain-port are both ${listenPort}: they must differ.`,
  ],
  [
    'dnsNames',
    (settings) => certificateMode(settings) === 'development' && settings.dnsNames.length === 0,
    () => '--dns-name is empty: a development certificate needs at least one name.',
  ],
  [
    'config',
    ({ cluster, config }) => cluster && config !== '',
    () => '--config is given with --cluster: policies come from one of them, so leave one out.',
  ],
  [
    'kubeconfig',
    ({ cluster, kubeconfig }) => !cluster && kubeconfig !== '',
    () => '--kubeconfig is given without --cluster: give --cluster too, or leave it out.',
  ],
  [
    'certificates',
    ({ certificates, cluster }) => certificates === 'self-managed' && !cluster,
    () => '--certificates is self-managed without --cluster: the certificate is kept in a Secret of the cluster.',
  ],
  [
    'certificates',
    ({ certificates, tlsCert }) => certificates === 'files' && tlsCert === '',
    () => '--certificates is files: give them with --tls-cert and --tls-key.',
  ],
  [
    'certificates',
    (settings) => settings.tlsCert !== '' && certificateMode(settings) !== 'files',
    ({ certificates }) => `--certificates is ${certificates} and --tls-cert is given: leave one of them out.`,
  ],
  [
    'caBundle',
    ({ caBundle, tlsCert, cluster }) => caBundle !== '' && (tlsCert === '' || !cluster),
    () => '--ca-bundle needs --tls-cert and --cluster: it is what the API server is told to trust of that certificate.',
  ],
  [
    'clientNames',
    ({ clientCa, clientNames }) => clientNames.length > 0 && clientCa === '',
    () =>
      '--client-name is given without --client-ca: a name is worth nothing without the authority that vouches for it.',
  ],
  [
    'webhookUrl',
    ({ webhookUrl }) => webhookUrl !== '' && !isBareHttps(webhookUrl),
    ({ webhookUrl }) => `--webhook-url is "${webhookUrl}": it must be https://HOST or https://HOST:PORT, and no more.`,
  ],
  [
    'caLifetimeMinutes',
    ({ caLifetimeMinutes, leafLifetimeMinutes }) => caLifetimeMinutes < 2 * leafLifetimeMinutes,
    ({ caLifetimeMinutes, leafLifetimeMinutes }) =>
      `--ca-lifetime-minutes is ${caLifetimeMinutes}: it must be at least twice --leaf-lifetime-minutes, ${leafLifetimeMinutes}.`,
  ],
  [
    'caOverlapSeconds',
    ({ caLifetimeMinutes, caOverlapSeconds }) => 4 * caOverlapSeconds > 60 * caLifetimeMinutes,
    ({ caLifetimeMinutes, caOverlapSeconds }) =>
      `--ca-overlap-seconds is ${caOverlapSeconds}: it must be at most a quarter of --ca-lifetime-minutes, ${caLifetimeMinutes}.`,
  ],
];

type Say = (settings: Settings) => string;

/** @throws OutriderError `usage` for the first settings that do not go together */
export function checkTogether(settings: Settings): void {
  for (const [key, isBroken, say] of rules) {
    if (isBroken(settings)) throw new OutriderError('usage', say(settings), { field: settingsTable[key].flag });
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
