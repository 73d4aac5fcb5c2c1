import process from 'node:process';

/** Where a command writes text to. */
export interface Output {
  write(text: string): void;
  /** Whether a person is likely to look at it as it is. */
  readonly isTerminal: boolean;
  /** Width in columns, where it is known. */
  readonly columns: number | undefined;
}

/** All that a command has of the world beside the file system and the network. */
export interface Io {
  readonly stdin: AsyncIterable<string | Uint8Array>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Absolute path that relative paths start from. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How the command was called, for help texts: `outrider`, or `kubectl outrider` as kubectl's plugin. */
  readonly programName: string;
}

/** The process's own streams. A reader that goes away early (`| head`) is no error. */
export function processIo(): Io {
  return {
    stdin: process.stdin,
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    cwd: process.cwd(),
    env: process.env,
    programName: programName(process.argv[1] ?? ''),
  };
}

/** kubectl runs a plugin under its file's name, `kubectl-outrider`, and people type it with a blank. */
export function programName(script: string): string {
  return /(^|[\\/])kubectl-outrider(\.js)?$/.test(script) ? 'kubectl outrider' : 'outrider';
}

function outputOf(stream: NodeJS.WriteStream): Output {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY,
    columns: stream.isTTY ? stream.columns : undefined,
  };
}
