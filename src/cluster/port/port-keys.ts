import { objectOf, stringOf, type JsonObject, type JsonValue } from '../../model/json.js';

/** The part of the Secret that is about the port's proof. */
export interface PortKeys {
  /** The key whose tokens are in the webhook configurations, or soon will be. */
  readonly current: string | undefined;
  /** The next key: accepted, but not in the configurations yet. */
  readonly next: string | undefined;
  /** The previous key: accepted while an API server may still use it. */
  readonly previous: string | undefined;
  /** Whether a call without a token proves nothing. */
  readonly asked: boolean;
  /** Fingerprint of the certificate that was served when the latest key was made; empty if that is unknown. */
  readonly certificate: string;
}

/** Keys of the Secret's data. */
export const portKeyNames = {
  current: 'port.key',
  next: 'next-port.key',
  previous: 'previous-port.key',
  asked: 'port.asked',
  certificate: 'port.certificate',
} as const;

export const noPortKeys: PortKeys = {
  current: undefined,
  next: undefined,
  previous: undefined,
  asked: false,
  certificate: '',
};

const form = /^[0-9a-f]{64}$/;

/** Reads the Secret. Never throws, because anybody may have edited it. An invalid key counts as missing. */
export function portKeysIn(secret: JsonObject | undefined): PortKeys {
  const data = objectOf(secret?.['data']) ?? {};
  const text = (name: string): string => Buffer.from(stringOf(data[name]) ?? '', 'base64').toString('utf8');
  const key = (name: string): string | undefined => (form.test(text(name)) ? text(name) : undefined);
  const current = key(portKeyNames.current);
  return {
    current,
    next: key(portKeyNames.next),
    previous: key(portKeyNames.previous),
    asked: current !== undefined && text(portKeyNames.asked) === 'true',
    certificate: text(portKeyNames.certificate),
  };
}

/** The Secret's data with these keys. Data that is not ours stays. */
export function withPortKeys(before: JsonObject, keys: PortKeys): JsonObject {
  const ours = new Set<string>(Object.values(portKeyNames));
  const data: Record<string, JsonValue | undefined> = {};
  for (const [name, value] of Object.entries(before)) if (!ours.has(name)) data[name] = value;
  const texts = [
    [portKeyNames.current, keys.current],
    [portKeyNames.next, keys.next],
    [portKeyNames.previous, keys.previous],
    [portKeyNames.asked, keys.asked ? 'true' : undefined],
    [portKeyNames.certificate, keys.certificate === '' ? undefined : keys.certificate],
  ] as const;
  for (const [name, text] of texts) if (text !== undefined) data[name] = Buffer.from(text).toString('base64');
  return data;
}
