import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bundle = fileURLToPath(new URL('../../../outrider.js', import.meta.url));

/** What a command came to. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built `outrider` with a kubeconfig, to its end. */
export function outrider(kubeconfig: string, ...parameters: readonly string[]): Promise<Ran> {
  const argv = [bundle, ...parameters, `--kubeconfig=${kubeconfig}`];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, argv, (_error, stdout, stderr) =>
      resolve({ exitCode: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
