import process from 'node:process';

/** Notices that a person wants a command to end. */
export interface Interrupts {
  readonly signal: AbortSignal;
  /** Stops listening. */
  end(): void;
}

/** Listens to the process: its first SIGINT or SIGTERM aborts the signal, and the next one ends the process as usual. */
export function processInterrupts(): Interrupts {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const names = ['SIGINT', 'SIGTERM'] as const;
  for (const name of names) process.once(name, abort);
  return {
    signal: controller.signal,
    end: () => {
      for (const name of names) process.off(name, abort);
    },
  };
}
