import { outrider as program, type Ran } from '../../support/program.js';
import { Finding } from '../target.js';

/** Runs a command in this process with bytes on its standard input. @throws Finding where it fails by a fault of its own */
export async function outrider(argv: readonly string[], stdin: Uint8Array): Promise<Ran> {
  const ran = await program(argv, process.cwd(), stdin);
  const fault = /^(?:outrider: error: | *"message": ")internal: .*/m.exec(ran.stderr);
  if (fault !== null) throw new Finding(`outrider ${argv[0] ?? ''}: ${fault[0].slice(0, 2_000)}`);
  return ran;
}

/** The first error that was printed, as text or as JSON, as far as its message shows it: what follows the place. */
export function refusalOf(stderr: string): string {
  const line = /^(?:outrider: error: | *"message": ")(.*?)(?: \[docs\/errors\.md#\w+\]|")?$/m.exec(stderr)?.[1] ?? '';
  return line
    .replaceAll(/\\?"[^"]*"|[/`'][^ ]*|\d+/g, '')
    .split(' ')
    .filter((word) => /^[a-z]+$/.test(word))
    .slice(0, 6)
    .join(' ');
}
