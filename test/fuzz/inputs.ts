import fc from 'fast-check';
import type { JsonValue } from '../../src/model/json.js';
import { mutateBytes } from './mutate/bytes.js';
import { mutateJson } from './mutate/json.js';
import { mutateLines } from './mutate/lines.js';
import { Random } from './mutate/random.js';
import type { Target } from './target.js';

const batch = 64;
const longestPool = 2_000;
const longestInput = 512 * 1024;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Makes a target's inputs, one after the other. The same seed and the same answers to `keep` give the same inputs. */
export class Inputs {
  readonly #target: Target;
  readonly #random: Random;
  readonly #pool: Uint8Array[];
  readonly #parsed = new Map<Uint8Array, JsonValue | undefined>();
  #made: Uint8Array[] = [];

  constructor(target: Target, seeds: readonly Uint8Array[], seed: number) {
    this.#target = target;
    this.#random = new Random(seed);
    this.#pool = [...seeds];
  }

  /** Puts an input among those that later ones are made from, since it did something new. */
  keep(input: Uint8Array): void {
    if (input.length > 16 * 1024) return;
    if (this.#pool.length < longestPool) this.#pool.push(input);
    else this.#pool[this.#random.below(this.#pool.length)] = input;
  }

  next(): Uint8Array {
    const { generated } = this.#target;
    if (generated !== undefined && this.#random.chance(4)) return this.#generate(generated);
    const input = this.#mutate(this.#random.pick(this.#pool), this.#random.pick(this.#pool));
    return input.length > longestInput ? input.subarray(0, longestInput) : input;
  }

  #generate(arbitrary: fc.Arbitrary<Uint8Array>): Uint8Array {
    if (this.#made.length === 0) this.#made = fc.sample(arbitrary, { seed: this.#random.next() | 0, numRuns: batch });
    return this.#made.pop() ?? new Uint8Array();
  }

  #mutate(input: Uint8Array, other: Uint8Array): Uint8Array {
    const random = this.#random;
    if (random.chance(4)) return mutateBytes(input, random, other);
    const parsed = this.#target.form === 'bytes' ? undefined : this.#read(input);
    if (parsed !== undefined && (this.#target.form === 'json' || random.chance(2))) {
      const second = this.#read(other);
      const changed = mutateJson(parsed, random, second === undefined ? [] : [second]);
      return encoder.encode(JSON.stringify(changed, undefined, random.pick([0, 0, 2])));
    }
    if (this.#target.form === 'text')
      return encoder.encode(mutateLines(decoder.decode(input), random, decoder.decode(other)));
    return mutateBytes(input, random, other);
  }

  #read(input: Uint8Array): JsonValue | undefined {
    if (!this.#parsed.has(input)) this.#parsed.set(input, parse(input));
    return this.#parsed.get(input);
  }
}

function parse(input: Uint8Array): JsonValue | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(input));
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What JSON.parse gives is JSON; too deep a value could not be walked. */
function isJson(value: unknown): value is JsonValue {
  try {
    return JSON.stringify(value) !== '';
  } catch {
    return false;
  }
}
