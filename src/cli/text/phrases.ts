// Texts that several commands share.

const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** A time in its two largest units: `3 d 4 h`, `12 min`, `0 s`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const index = units.findIndex(([, size]) => whole >= size);
  const [unit, next] = index === -1 ? [] : units.slice(index, index + 2);
  if (unit === undefined) return '0 s';
  const [name, size] = unit;
  const first = `${Math.floor(whole / size)} ${name}`;
  const rest = next === undefined ? 0 : Math.floor((whole % size) / next[1]);
  // Next to minutes, seconds are of no use.
  return next === undefined || rest === 0 || next[0] === 's' ? first : `${first} ${rest} ${next[0]}`;
}

/** How far a replica's clock is off: `outrider-0 8 h ahead`. */
export function clockText({
  replica,
  secondsAhead,
}: {
  readonly replica: string;
  readonly secondsAhead: number;
}): string {
  return `${replica} ${durationText(Math.abs(secondsAhead))} ${secondsAhead > 0 ? 'ahead' : 'behind'}`;
}

interface SecretKey {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/** The command that makes the Secret of an access key. */
export function createSecret({ namespace, name, key }: SecretKey): string {
  return `kubectl -n ${namespace} create secret generic ${name} --from-literal=${key}=YOUR_ACCESS_KEY`;
}
