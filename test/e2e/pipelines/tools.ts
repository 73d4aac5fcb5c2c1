import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** What a program left behind. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own with `outrider` on the PATH, and the real tools. */
export class Tools {
  /** The folder. */
  readonly cwd = mkdtempSync(join(tmpdir(), 'outrider-pipelines-'));
  readonly #env: NodeJS.ProcessEnv;

  constructor() {
    const bin = join(this.cwd, 'bin');
    cpSync(join(root, 'deploy/pipelines'), this.cwd, { recursive: true });
    cpSync(join(root, 'deploy/pipelines/kustomize/web.yaml'), join(this.cwd, 'chart/templates/web.yaml'));
    cpSync(join(root, 'dist/outrider.js'), join(bin, 'outrider.js'));
    cpSync(join(root, 'dist/chunks'), join(bin, 'chunks'), { recursive: true });
    writeFileSync(join(bin, 'package.json'), '{"type": "module"}');
    writeFileSync(join(bin, 'outrider'), `#!/bin/sh\nexec '${process.execPath}' '${bin}/outrider.js' "$@"\n`, {
      mode: 0o755,
    });
    this.#env = {
      PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
      HOME: this.cwd,
      OUTRIDER_LOOKUP: 'false',
    };
  }

  /** Runs a program in the folder; a failure is an exit code. */
  run(program: string, parameters: readonly string[], input = ''): Promise<Ran> {
    return new Promise((resolve) => {
      const options = { cwd: this.cwd, env: this.#env, maxBuffer: 1 << 26, timeout: 180_000 };
      const child = execFile(program, [...parameters], options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr });
      });
      // Most programs read none of it, and some have ended by then.
      child.stdin?.on('error', () => undefined).end(input);
    });
  }

  /** Removes the folder. */
  remove(): void {
    rmSync(this.cwd, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The programs that a script below `test/e2e` has made ready. */
export async function built(
  script:
    'cluster/build-kustomize.sh' | 'cluster/build-helm.sh' | 'cluster/build-actionlint.sh' | 'pipelines/pre-commit.sh',
): Promise<readonly string[]> {
  const path = join(root, 'test/e2e', script);
  const { stdout } = await promisify(execFile)('bash', [path, '--where']);
  return stdout.trim().split('\n');
}
