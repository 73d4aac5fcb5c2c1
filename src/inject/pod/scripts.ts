/*
 * Starts our own containers with the busybox and the shell files that Outrider's own image has in /tools (deploy/tools,
 * where each describes what it does). Everything that varies is a parameter. The tools step brings all of them into the
 * volume.
 */

/** Where the volume is mounted in our own containers: its root is the agent's folder. */
export const volumeRoot = '/outrider';
/** Folder of the volume with what is ours: busybox, the shell files, and copies on their way. */
export const ownFolder = `${volumeRoot}/.outrider`;
/** Where Outrider's own image has them. */
export const toolsFolder = '/tools';
/** The busybox of Outrider's own image. */
export const toolsSource = `${toolsFolder}/busybox`;
/** Where our own containers have it, once it is in the volume and while it is kept there. */
export const busybox = `${ownFolder}/busybox`;

/**
 * Argv of the container that brings our tools into the volume; runs in Outrider's own image.
 *
 * @param programs folders of the volume that volumes of their own are mounted on
 */
export function toolsArgv(programs: readonly string[]): readonly string[] {
  return [toolsSource, 'sh', `${toolsFolder}/bring`, volumeRoot, ...programs];
}

/** The input of a filling step; `wrapper` is the wrapper's path below the files' folder, `''` for none. */
export interface FillStep {
  /** Path at which the workload sees the files. */
  readonly mountPath: string;
  readonly wrapper: string;
  /** Elements of the wrapper's argv after its program: a stub skips them. */
  readonly skip: number;
  /** Folders of the volume that volumes of their own are mounted on, the wrapper's first. */
  readonly programs: readonly string[];
  /** Which users may use our own folder afterwards: nobody (it is deleted), our own user, or everyone. */
  readonly keep: 'Nobody' | 'OwnUser' | 'Everybody';
  /** Whether to install a wrapper that only runs its argv if the files cannot be brought in (prefer: Availability). */
  readonly stub: boolean;
}

/** Argv that copies a folder of the agent's image into the volumes. */
export function copyArgv(from: string, step: FillStep): readonly string[] {
  return fillArgv(step, from, []);
}

/** Argv that runs the vendor's own command, which fills the files' folder, and falls back to the stub. */
export function commandArgv(command: readonly string[], step: FillStep): readonly string[] {
  return fillArgv(step, '', command);
}

const keptModes: Readonly<Record<FillStep['keep'], string>> = { Nobody: '', OwnUser: '0700', Everybody: '0755' };

function fillArgv(step: FillStep, from: string, command: readonly string[]): readonly string[] {
  return ownArgv(
    'fill',
    step.mountPath,
    step.wrapper,
    String(step.skip),
    // The wrapper's is filled last.
    step.programs.toReversed().join(':'),
    keptModes[step.keep],
    from,
    step.stub ? 'stub' : '',
    ...command,
  );
}

/** Argv of the sidecar's keeper, with the agent's own argv after it. */
export function keeperArgv(agent: readonly string[]): readonly string[] {
  return ownArgv('keep', ...agent);
}

function ownArgv(file: 'fill' | 'keep', ...parameters: readonly string[]): readonly string[] {
  return [busybox, 'sh', `${ownFolder}/${file}`, ...parameters];
}
