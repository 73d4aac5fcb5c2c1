import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../src/model/json.js';
import { isArray, isObject } from '../../src/model/json.js';
import { pointerToken } from '../../src/model/json-pointer.js';
import type { Operation } from '../../src/model/patch.js';

const word = fc.constantFrom(
  'name',
  'image',
  'env',
  'a/b',
  'm~n',
  'on',
  'x y',
  '1e3',
  'outrider.dev/undo',
  'null',
  '#k',
  '',
);
const awkward = fc.constantFrom(
  ...[
    'yes',
    'no',
    'on',
    'off',
    'y',
    'n',
    'null',
    '~',
    '',
    ' ',
    '1e3',
    '0o17',
    '0755',
    '0x1F',
    '1_000',
    '1:30',
    '.5',
    '-',
  ],
  ...[
    '- a',
    'a: b',
    'a #b',
    '#',
    '*a',
    '&a',
    '!x',
    '|',
    '>',
    '%',
    '@',
    '`',
    '{}',
    '[]',
    '{',
    'a,b',
    'a]',
    '"',
    "'",
    '\\',
  ],
  ...[
    'line\nline',
    'line\n',
    'a\n\nb',
    ' lead\nx',
    'trail \nx',
    'a\n\n',
    '\n',
    '\t',
    'a\tb',
    'é',
    '😀',
    '\u0085',
    '\u2028',
  ],
  ...[
    '$(VAR)',
    '/opt/x',
    '--flag=x',
    '-c',
    'quay.io/a/b:1@sha256:0',
    '100m',
    '256Mi',
    '2001-01-01',
    '---',
    '...',
    '<<',
    '=',
  ],
);
const text = fc.oneof(awkward, fc.string({ maxLength: 12, unit: 'binary' }), fc.constant('plain'));
const key = fc.oneof(word, fc.string({ minLength: 1, maxLength: 5 })).filter((each) => each !== '__proto__');
const number = fc.oneof(fc.integer(), fc.constantFrom(0, 1.5, -2, 1e21, 1e-7));

/** Any JSON value of a manifest's size. */
export const jsonValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    fc.oneof(text, fc.boolean(), fc.constant(null), number),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

/** A JSON object. */
export const jsonObject: fc.Arbitrary<JsonObject> = fc.dictionary(key, jsonValue, {
  maxKeys: 5,
  noNullPrototype: true,
});

/** How a document is written. */
export interface Writing {
  readonly step: 2 | 4;
  readonly sequenceIndent: 0 | 2;
  readonly newline: '\n' | '\r\n';
  readonly finalNewline: boolean;
  /** Out of 8: how often a comment is put in, and how often a collection is in flow style. */
  readonly comments: number;
  readonly flow: number;
  readonly head: string;
  readonly tail: string;
  /** Where the choices above come from. */
  readonly choices: readonly number[];
}

export const writing: fc.Arbitrary<Writing> = fc.record({
  step: fc.constantFrom(2 as const, 4 as const),
  sequenceIndent: fc.constantFrom(0 as const, 2 as const),
  newline: fc.constantFrom('\n' as const, '\r\n' as const),
  finalNewline: fc.boolean(),
  comments: fc.integer({ min: 0, max: 6 }),
  flow: fc.integer({ min: 0, max: 6 }),
  head: fc.constantFrom(
    '',
    '# head\n',
    '---\n',
    '--- # start\n',
    '%YAML 1.1\n---\n',
    '\uFEFF',
    '\n\n# a\n---\n# b\n\n',
  ),
  tail: fc.constantFrom('', '# tail\n', '...\n', '\n\n'),
  choices: fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 8, maxLength: 40 }),
});

/** Writes a value as a person might: comments everywhere, block and flow mixed. Strings are in double quotes or plain. */
export class Writer {
  #at = 0;
  #comment = 0;
  readonly #how: Writing;

  constructor(how: Writing) {
    this.#how = how;
  }

  document(value: JsonValue): string {
    const { head, tail, finalNewline, newline } = this.#how;
    const body = isInline(value) ? this.#scalar(value) : this.#body(value, 0);
    const whole = `${head}${body}\n${tail}`;
    return (finalNewline ? whole : whole.replace(/\n+$/, '')).replaceAll('\n', newline);
  }

  #choose(): number {
    this.#at = (this.#at + 1) % this.#how.choices.length;
    return this.#how.choices[this.#at] ?? 0;
  }

  #comments(pad: string): string {
    if (this.#choose() >= this.#how.comments) return '';
    this.#comment += 1;
    return `${pad}# comment ${this.#comment}\n${this.#choose() === 0 ? '\n' : ''}`;
  }

  #tail(): string {
    if (this.#choose() >= this.#how.comments) return '';
    this.#comment += 1;
    return ` # comment ${this.#comment}`;
  }

  #body(value: JsonValue, column: number): string {
    const pad = ' '.repeat(column);
    const members = isArray(value)
      ? value.map((item) => `-${this.#value(item, column, 'seq')}`)
      : entriesOf(value).map(([name, item]) => `${this.#key(name)}:${this.#value(item, column, 'map')}`);
    return members.map((member, index) => (index === 0 ? member : `${this.#comments(pad)}${pad}${member}`)).join('\n');
  }

  #value(value: JsonValue, column: number, parent: 'map' | 'seq'): string {
    if (value === null && this.#choose() === 0) return this.#tail();
    if (isInline(value)) return ` ${this.#scalar(value)}${this.#tail()}`;
    if (this.#choose() < this.#how.flow) return ` ${this.#flow(value, column + 2)}${this.#tail()}`;
    const deeper = parent === 'map' ? (isArray(value) ? this.#how.sequenceIndent : this.#how.step) : 2;
    const pad = ' '.repeat(column + deeper);
    if (parent === 'seq' && this.#choose() > 1) return ` ${this.#body(value, column + deeper)}`;
    return `${this.#tail()}\n${this.#comments(pad)}${pad}${this.#body(value, column + deeper)}`;
  }

  #flow(value: JsonValue, column: number): string {
    if (isInline(value)) return this.#scalar(value, true);
    const pad = ' '.repeat(column);
    const lines = this.#choose() < 3;
    const [open, close] = isArray(value) ? ['[', ']'] : ['{', '}'];
    const members = isArray(value)
      ? value.map((item) => this.#flow(item, column + 2))
      : entriesOf(value).map(([name, item]) => `${JSON.stringify(name)}: ${this.#flow(item, column + 2)}`);
    const trailing = this.#choose() === 0;
    const written = members.map((member, index) => {
      const comma = index < members.length - 1 || trailing ? ',' : '';
      return lines ? `\n${pad}${member}${comma}${this.#tail()}` : `${index === 0 ? '' : ' '}${member}${comma}`;
    });
    return `${open}${written.join('')}${lines ? `\n${pad}` : ''}${close}`;
  }

  #key(name: string): string {
    return /^[a-z]{3,}$/.test(name) && !isWord(name) ? name : JSON.stringify(name).replaceAll(...escape);
  }

  #scalar(value: JsonValue, flow = false): string {
    if (typeof value !== 'string') return JSON.stringify(value);
    if (/^[a-z]{3,}$/.test(value) && !isWord(value)) return value;
    if (!flow && /^[a-zA-Z ]*[a-z]$/.test(value) && this.#choose() > 4) return `'${value}'`;
    return JSON.stringify(value).replaceAll(...escape);
  }
}

const escape = [
  /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
  (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
] as const;

function isWord(name: string): boolean {
  return /^(yes|off|true|false|null)$/.test(name);
}

function isInline(value: JsonValue): boolean {
  return isArray(value) ? value.length === 0 : !isObject(value) || Object.keys(value).length === 0;
}

/** A plan for one operation: numbers that choose the place, and what to write. */
export interface Draw {
  readonly walk: readonly number[];
  readonly kind: 'add' | 'replace' | 'remove' | 'test';
  readonly key: string;
  readonly value: JsonValue;
}

export const draws = fc.array(
  fc.record({
    walk: fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 5 }),
    kind: fc.constantFrom('add' as const, 'add' as const, 'replace' as const, 'remove' as const, 'test' as const),
    key,
    value: jsonValue,
  }),
  { minLength: 1, maxLength: 6 },
);

/** A valid operation on a value, as the draw says; `undefined` where it finds no place. */
export function operationOn(value: JsonValue, draw: Draw): Operation | undefined {
  let node: JsonValue = value;
  let path = '';
  const containers: { node: JsonValue; path: string }[] = [];
  for (const step of draw.walk) {
    if (isArray(node) ? false : !isObject(node)) break;
    containers.push({ node, path });
    const names = Object.keys(node ?? {});
    const name = names[step % (names.length + 1)];
    if (name === undefined) break;
    const inner: JsonValue | undefined = isArray(node) ? node[Number(name)] : isObject(node) ? node[name] : undefined;
    if (inner === undefined) break;
    path = `${path}/${pointerToken(name)}`;
    node = inner;
  }
  if (draw.kind === 'add') {
    const container = containers.at(-1);
    if (container === undefined) return undefined;
    if (!isArray(container.node)) {
      return { op: 'add', path: `${container.path}/${pointerToken(draw.key)}`, value: draw.value };
    }
    const index = (draw.walk[0] ?? 0) % (container.node.length + 2);
    const token = index > container.node.length ? '-' : String(index);
    return { op: 'add', path: `${container.path}/${token}`, value: draw.value };
  }
  if (path === '') return undefined;
  if (draw.kind === 'remove') return { op: 'remove', path };
  return { op: draw.kind, path, value: draw.kind === 'test' ? node : draw.value };
}

function entriesOf(value: JsonValue): readonly (readonly [string, JsonValue])[] {
  return Object.entries(isObject(value) ? value : {}).map(([name, item]) => [name, item ?? null]);
}
