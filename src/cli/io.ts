import process from 'node:process';
import { OutriderError } from '../model/error.js';
import { systemReason } from '../model/system-error.js';

/** Where a command writes text to. */
export interface Output {
  write(text: string): void;
  /** Whether a person probably reads the output directly. */
  readonly isTerminal: boolean;
  /** Width in columns, where it is known. */
  readonly columns: number | undefined;
}

/** Everything that a command gets from its surroundings, besides the file system and the network. */
export interface Io {
  readonly stdin: AsyncIterable<string | Uint8Array>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether a person can answer a question: standard input and standard error are a terminal. */
  readonly isInteractive: boolean;
  /** The absolute path that relative paths start from. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How the command was called, for help texts: `outrider`, or `kubectl outrider` as kubectl's plugin. */
  readonly programName: string;
}

/** The process's own streams. */
export interface ProcessIo extends Io {
  /**
   * Waits until everything that was written to standard output has been delivered.
   *
   * @throws OutriderError `file_unwritable` if it could not be delivered. A reader that closes early (`| head`) is not an
   * error.
   */
  flush(): Promise<void>;
}

/** The process's own streams. */
export function processIo(): ProcessIo {
  const stdout = new StreamOutput(process.stdout);
  return {
    stdin: process.stdin,
    stdout,
    stderr: new StreamOutput(process.stderr),
    isInteractive: process.stdin.isTTY && process.stderr.isTTY,
    cwd: process.cwd(),
    env: process.env,
    programName: programName(process.argv[1] ?? ''),
    flush: () => stdout.flush(),
  };
}

/** kubectl runs a plugin under its file's name, `kubectl-outrider`, while people type it with a blank. */
export function programName(script: string): string {
  return /(^|[\\/])kubectl-outrider(\.js|\.exe)?$/.test(script) ? 'kubectl outrider' : 'outrider';
}

/** To complete a plugin's command line, kubectl runs the program `kubectl_complete-outrider` with the line as arguments. */
export function isKubectlCompletion(script: string): boolean {
  return /(^|[\\/])kubectl_complete-outrider(\.js|\.exe)?$/.test(script);
}

/** Write failures in people's words. */
const writeFailures: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the device (ENOSPC); free some, or write somewhere else',
  EDQUOT: 'the disk quota is used up (EDQUOT); free some, or write somewhere else',
  EIO: 'the device fails (EIO); write somewhere else',
  EFBIG: 'the file would get too large (EFBIG); write somewhere else',
};

/** A stream of the process that can tell afterwards whether everything was delivered. */
class StreamOutput implements Output {
  readonly #stream: NodeJS.WriteStream;
  #failure: NodeJS.ErrnoException | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') this.#failure ??= error;
    });
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY;
  }

  get columns(): number | undefined {
    return this.#stream.isTTY ? this.#stream.columns : undefined;
  }

  write(text: string): void {
    if (this.#failure === undefined) this.#stream.write(text);
  }

  async flush(): Promise<void> {
    await new Promise<void>((resolve) => this.#stream.write('', () => resolve()));
    // An error is reported after the call of the write that failed.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#failure === undefined) return;
    const code = systemReason(this.#failure);
    const why = writeFailures[code] ?? `${code}; write somewhere else`;
    const message = `standard output cannot be written: ${why}. What came out is not whole.`;
    throw new OutriderError('file_unwritable', message, { cause: this.#failure });
  }
}
