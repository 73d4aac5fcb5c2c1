import type { Setting } from './setting.js';
import { certificatesRows } from './rows/certificates.js';
import { imagesRows } from './rows/images.js';
import { inClusterRows } from './rows/in-cluster.js';
import { installationRows } from './rows/installation.js';
import { podsRows } from './rows/pods.js';
import { serverRows } from './rows/server.js';

/**
 * Every setting of `outrider serve`, in the order of its help text and of the reference page. A row gives its flag; the
 * environment variable is the flag in capitals after `OUTRIDER_`, the key in a settings file is the row's own. No flag
 * may be called `port`, `service-…` or `…-port` after a Service: Kubernetes sets `OUTRIDER_PORT=tcp://…` in every pod
 * next to a Service named `outrider`.
 */
export const settingsTable = {
  ...installationRows,
  ...certificatesRows,
  ...inClusterRows,
  ...serverRows,
  ...podsRows,
  ...imagesRows,
} as const;

type Table = typeof settingsTable;

/** The name of a setting: its key in the table and in a settings file. */
export type SettingKey = keyof Table;

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** Every setting with its value. */
export type Settings = { readonly [K in SettingKey]: ValueOf<Table[K]> };
