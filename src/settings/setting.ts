import { OutriderError } from '../model/error.js';
import { isObject, parsedJson } from '../model/json.js';
import { parseGoDuration } from '../time/go-duration.js';

/** One setting: how it is given, what it may be, what it means. Its key in the table is its key in a settings file. */
export interface Setting<T> {
  /** The flag, without dashes. The environment variable follows from it. */
  readonly flag: string;
  /** What stands for the value in help texts. */
  readonly placeholder: string;
  /** True where the flag may be given several times, each time with one value. */
  readonly repeatable: boolean;
  /** True where the flag may stand without a value. */
  readonly valueOptional: boolean;
  readonly help: string;
  readonly default: T;
  /** The default as a person would write it. */
  readonly defaultText: string;
  /** The value of what a flag, a variable or a file gives; `undefined` when it is not allowed. */
  readonly parse: (raw: unknown) => T | undefined;
  /** What is allowed, as the end of the sentence "must be …". */
  readonly allowed: string;
  /** The words that are allowed, where there are only a few. */
  readonly choices?: readonly string[];
}

interface About<T> {
  readonly flag: string;
  readonly help: string;
  readonly default: T;
  readonly placeholder?: string;
}

/** A text; an empty one only where the default is empty. */
export function text(about: About<string>): Setting<string> {
  const mayBeEmpty = about.default === '';
  return {
    placeholder: 'TEXT',
    repeatable: false,
    valueOptional: false,
    ...about,
    defaultText: about.default,
    parse: (raw) => (typeof raw === 'string' && (mayBeEmpty || raw !== '') ? raw : undefined),
    allowed: mayBeEmpty ? 'a text' : 'a text that is not empty',
  };
}

/** A number between two others, both included. */
type NumberAbout = About<number> & { readonly min: number; readonly max: number };

/** A whole number. */
export function integer(about: NumberAbout): Setting<number> {
  return number(about, 'a whole number', /^-?\d{1,15}$/, Number.isInteger);
}

/** A number with or without a fraction. */
export function decimal(about: NumberAbout): Setting<number> {
  return number(about, 'a number', /^\d{1,9}(\.\d{1,9})?$/, Number.isFinite);
}

function number(
  { min, max, ...about }: NumberAbout,
  what: string,
  written: RegExp,
  isOne: (value: unknown) => boolean,
): Setting<number> {
  return {
    placeholder: 'N',
    repeatable: false,
    valueOptional: false,
    ...about,
    defaultText: String(about.default),
    parse: (raw) => {
      const value = typeof raw === 'string' && written.test(raw) ? Number(raw) : raw;
      return typeof value === 'number' && isOne(value) && value >= min && value <= max ? value : undefined;
    },
    allowed: `${what} from ${min} to ${max}`,
  };
}

/**
 * A duration as Go writes it, such as `5m` or `1m30s`; its value is in milliseconds. `0` means never.
 */
export function duration({
  min,
  max,
  ...about
}: Omit<About<string>, 'default'> & {
  /** In words, as the bounds are. */
  readonly default: string;
  readonly min: string;
  readonly max: string;
}): Setting<number> {
  const [leastMs, mostMs] = [millisecondsOf(min), millisecondsOf(max)];
  return {
    placeholder: 'DURATION',
    repeatable: false,
    valueOptional: false,
    ...about,
    default: millisecondsOf(about.default),
    defaultText: about.default,
    parse: (raw) => {
      if (raw === 0 || raw === '0') return 0;
      const value = typeof raw === 'string' ? parseGoDuration(raw) : undefined;
      return value !== undefined && value >= leastMs && value <= mostMs ? value : undefined;
    },
    allowed: `0 or a duration from ${min} to ${max}, such as 90s or 5m`,
  };
}

function millisecondsOf(text: string): number {
  return parseGoDuration(text) ?? 0;
}

/** `true` or `false`; a flag without a value means `true`. */
export function flag(about: About<boolean>): Setting<boolean> {
  return {
    placeholder: 'true|false',
    repeatable: false,
    valueOptional: true,
    ...about,
    defaultText: String(about.default),
    parse: (raw) => (raw === true || raw === 'true' ? true : raw === false || raw === 'false' ? false : undefined),
    allowed: 'true or false',
  };
}

/** `true`, `false`, or `auto`: found out where that can be; a flag without a value means `true`. */
export function flagOrAuto(about: About<boolean | 'auto'>): Setting<boolean | 'auto'> {
  return {
    placeholder: 'true|false|auto',
    repeatable: false,
    valueOptional: true,
    ...about,
    defaultText: String(about.default),
    parse: (raw) =>
      raw === 'auto'
        ? 'auto'
        : raw === true || raw === 'true'
          ? true
          : raw === false || raw === 'false'
            ? false
            : undefined,
    allowed: 'true, false or auto',
  };
}

/** One of a few words. */
export function choice<T extends string>(about: About<T> & { readonly of: readonly T[] }): Setting<T> {
  const { of, ...rest } = about;
  return {
    placeholder: of.join('|'),
    repeatable: false,
    valueOptional: false,
    ...rest,
    defaultText: about.default,
    parse: (raw) => of.find((word) => word === raw),
    allowed: `one of ${of.join(', ')}`,
    choices: of,
  };
}

/** A list: comma-separated in a flag or variable, a sequence in a file. Flags given several times add up. */
export function list(about: About<readonly string[]>): Setting<readonly string[]> {
  return listOf({ ...about, write: (item) => item, read: (item) => item, allowed: 'a list of texts' });
}

/** A list whose items are read by a rule of their own. */
export function listOf<T>(
  about: About<readonly T[]> & {
    readonly read: (item: string) => T | undefined;
    readonly write: (item: T) => string;
    readonly allowed: string;
  },
): Setting<readonly T[]> {
  const { read, write, ...rest } = about;
  return {
    placeholder: 'LIST',
    repeatable: true,
    valueOptional: false,
    ...rest,
    defaultText: about.default.map(write).join(','),
    parse: (raw) => {
      const given: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
      const values: T[] = [];
      for (const part of given) {
        if (typeof part !== 'string') return undefined;
        for (const item of part.split(',').map((piece) => piece.trim())) {
          if (item === '') continue;
          const value = read(item);
          if (value === undefined) return undefined;
          values.push(value);
        }
      }
      return values;
    },
  };
}

/** A list of JSON values: JSON in a flag or variable, a sequence in a file. */
export function jsonList<T>(
  about: About<readonly T[]> & {
    readonly read: (item: unknown) => T | undefined;
    readonly allowed: string;
  },
): Setting<readonly T[]> {
  const { read, ...rest } = about;
  return {
    placeholder: 'JSON',
    repeatable: false,
    valueOptional: false,
    ...rest,
    defaultText: about.default.length === 0 ? '' : JSON.stringify(about.default),
    parse: (raw) => {
      const given = typeof raw === 'string' ? listIn(raw) : raw;
      if (!Array.isArray(given)) return undefined;
      const values: T[] = [];
      for (const item of given) {
        const value = read(item);
        if (value === undefined) return undefined;
        values.push(value);
      }
      return values;
    },
  };
}

/** Texts by name: a JSON object in a flag or variable, a mapping in a file. */
export function jsonTexts(
  about: About<Readonly<Record<string, string>>> & {
    readonly isName: (name: string) => boolean;
    readonly allowed: string;
  },
): Setting<Readonly<Record<string, string>>> {
  const { isName, ...rest } = about;
  return {
    placeholder: 'JSON',
    repeatable: false,
    valueOptional: false,
    ...rest,
    defaultText: Object.keys(about.default).length === 0 ? '' : JSON.stringify(about.default),
    parse: (raw) => {
      const given = typeof raw === 'string' ? (raw.trim() === '' ? {} : parsedJson(raw)) : raw;
      if (!isObject(given)) return undefined;
      const texts: [string, string][] = [];
      for (const [name, value] of Object.entries(given)) {
        if (typeof value !== 'string' || !isName(name)) return undefined;
        texts.push([name, value]);
      }
      return Object.fromEntries(texts);
    },
  };
}

function listIn(text: string): unknown {
  return text.trim() === '' ? [] : parsedJson(text);
}

/** The environment variable of a flag: `drain-grace-ms` is `OUTRIDER_DRAIN_GRACE_MS`. */
export function environmentName(flagName: string): string {
  return `OUTRIDER_${flagName.toUpperCase().replaceAll('-', '_')}`;
}

/** A flag's name the way commander keys it: `drain-grace-ms` is `drainGraceMs`. */
export function camelCase(flagName: string): string {
  return flagName.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The value of one setting from one source. */
export function valueFrom<T>(setting: Setting<T>, raw: unknown, source: string): T {
  const value = setting.parse(raw);
  if (value !== undefined) return value;
  throw new OutriderError('usage', `${source} is ${JSON.stringify(raw)}: it must be ${setting.allowed}.`, {
    field: setting.flag,
  });
}
