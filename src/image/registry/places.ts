import { asError } from '../../time/as-error.js';
import type { Askers } from '../askers.js';

/**
 * Gives a host's places to namespaces in turn. Each namespace has its own queue, and the next free place goes to the queue
 * that has waited longest since its last one. No namespace can have all places of a host, so that others do not wait for its
 * slow requests.
 */
export class Places {
  readonly #rooms = new Map<string, Room>();

  /**
   * Waits for a place. A question that several namespaces ask is in the line of each.
   *
   * @param host places are counted by it
   * @param limit so many are in progress at once
   * @returns Gives the place back; to be called once.
   * @throws The signal's reason when it aborts first.
   */
  async acquire(host: string, limit: number, askers: Askers, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const room = this.#rooms.get(host) ?? new Room(limit);
    this.#rooms.set(host, room);
    try {
      const namespace = await room.enter(askers, signal);
      return () => {
        room.leave(namespace);
        this.#close(host, room);
      };
    } catch (error) {
      this.#close(host, room);
      throw error;
    }
  }

  #close(host: string, room: Room): void {
    if (room.isEmpty) this.#rooms.delete(host);
  }
}

/** Lets a waiter in, at its namespace's cost. */
type Waiter = (namespace: string) => void;

class Room {
  readonly #limit: number;
  readonly #limitOfOne: number;
  #taken = 0;
  readonly #takenBy = new Map<string, number>();
  /** By namespace, in the order of their turns. */
  readonly #lines = new Map<string, Set<Waiter>>();

  constructor(limit: number) {
    this.#limit = limit;
    this.#limitOfOne = limitOfOne(limit);
  }

  get isEmpty(): boolean {
    return this.#taken === 0 && this.#lines.size === 0;
  }

  /** Resolves to the namespace that the place counts for. */
  enter(askers: Askers, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      const stoodIn = new Set<string>();
      const end = (): void => {
        unwatch();
        signal.removeEventListener('abort', abort);
        for (const namespace of stoodIn) this.#leaveLine(namespace, waiter);
      };
      const waiter: Waiter = (namespace) => {
        end();
        resolve(namespace);
      };
      const abort = (): void => {
        end();
        reject(asError(signal.reason));
      };
      signal.addEventListener('abort', abort, { once: true });
      const stand = (namespace: string): void => {
        stoodIn.add(namespace);
        this.#standIn(namespace, waiter);
      };
      const unwatch = askers.onJoin((namespace) => {
        stand(namespace);
        this.#letIn();
      });
      for (const namespace of askers.namespaces) stand(namespace);
      this.#letIn();
    });
  }

  leave(namespace: string): void {
    this.#taken--;
    const left = (this.#takenBy.get(namespace) ?? 1) - 1;
    if (left === 0) this.#takenBy.delete(namespace);
    else this.#takenBy.set(namespace, left);
    this.#letIn();
  }

  #standIn(namespace: string, waiter: Waiter): void {
    const line = this.#lines.get(namespace);
    if (line === undefined) this.#lines.set(namespace, new Set([waiter]));
    else line.add(waiter);
  }

  #leaveLine(namespace: string, waiter: Waiter): void {
    const line = this.#lines.get(namespace);
    line?.delete(waiter);
    if (line?.size === 0) this.#lines.delete(namespace);
  }

  #letIn(): void {
    while (this.#taken < this.#limit) {
      const next = this.#next();
      if (next === undefined) return;
      const { namespace, waiter } = next;
      this.#taken++;
      this.#takenBy.set(namespace, (this.#takenBy.get(namespace) ?? 0) + 1);
      waiter(namespace);
      this.#toTheEnd(namespace);
    }
  }

  #next(): { readonly namespace: string; readonly waiter: Waiter } | undefined {
    for (const [namespace, line] of this.#lines) {
      if ((this.#takenBy.get(namespace) ?? 0) >= this.#limitOfOne) continue;
      const [waiter] = line;
      if (waiter !== undefined) return { namespace, waiter };
    }
    return undefined;
  }

  #toTheEnd(namespace: string): void {
    const line = this.#lines.get(namespace);
    if (line === undefined) return;
    this.#lines.delete(namespace);
    this.#lines.set(namespace, line);
  }
}

/** Most places of one namespace: three quarters, rounded down, and at least one. */
function limitOfOne(limit: number): number {
  return Math.max(1, Math.floor((limit * 3) / 4));
}
