import { literal } from './argv.js';

/*
 * Shell texts that run in the busybox of the volume. Each is one argument behind `sh -c` and takes what varies as
 * positional parameters, so nothing is ever spliced into a shell text. `$` is doubled because they stand in a Pod (E6).
 *
 * Programs are called through "$b" and by paths with a slash: a busybox shell runs its own applets in place of the
 * programs of the same name on PATH, in `exec` too.
 */

/** Where the volume's root is mounted in our own init containers. */
export const volumeRoot = '/outrider';
/** Folder of the volume that the workload sees. */
export const filesPath = 'agent';
/** Folder of the volume with the busybox. */
export const toolsPath = 'tools';
/** Where Outrider's own image has the static busybox. */
export const toolsSource = '/tools/busybox';

const busybox = `${volumeRoot}/${toolsPath}/busybox`;

/** Runs `"$@"` as the kernel would find it on PATH, never as an applet, under the name it was called by. */
const execProgram = `
case $1 in */*) exec "$@" ;; esac
n=$1; shift; f=$IFS; IFS=:
for p in $PATH; do
  if [ -f "\${p:-.}/$n" ] && [ -x "\${p:-.}/$n" ]; then IFS=$f; exec -a "$n" "\${p:-.}/$n" "$@"; fi
done
echo "outrider: $n: not found" >&2; exit 127
`;

const bringTools = `
set -e
b=$1
$b mkdir -p ${volumeRoot}/${toolsPath}
$b cp "$b" ${volumeRoot}/${toolsPath}/new
$b chmod 0555 ${volumeRoot}/${toolsPath}/new
$b mv -f ${volumeRoot}/${toolsPath}/new ${busybox}
`;

/** Safe to run twice on one volume. A folder nobody may read copies as an empty one without a message: refused. */
const fillByCopy = `
fill() {
  $b chmod -R u+rwX $d/new $d/${filesPath} 2>/dev/null
  $b rm -rf $d/new $d/${filesPath} &&
    $b cp -R "$from" $d/new &&
    [ -n "$($b ls -A $d/new)" ] &&
    $b chmod -R u+w,a+rX,go-w $d/new &&
    { [ -z "$wrapper" ] || [ -x "$d/new/$wrapper" ]; } &&
    $b mv $d/new $d/${filesPath}
}
`;

const fillByCommand = `
fill() { "$@" && { [ -z "$wrapper" ] || [ -x "$mount/$wrapper" ]; }; }
`;

/** A wrapper that only starts what stands behind it: the workload runs, untraced. */
const installStub = `
echo "outrider: the agent's files could not be brought in: the workload runs untraced" >&2
[ -n "$wrapper" ] || exit 0
case $wrapper in */*) w=\${wrapper%/*} ;; *) w=. ;; esac
$b rm -rf $d/new
[ -z "$from" ] || $b rm -rf $d/${filesPath}
$b mkdir -p $d/${filesPath}/.outrider "$d/${filesPath}/$w" &&
  $b cp $b $d/${filesPath}/.outrider/busybox &&
  { echo "#!$mount/.outrider/busybox sh"; echo "shift $skip"; echo "$stub"; } > "$d/${filesPath}/$wrapper" &&
  $b chmod 0755 "$d/${filesPath}/$wrapper" $d/${filesPath}/.outrider/busybox
`;

const parameters = `
b=${busybox} d=${volumeRoot}
mount=$1 wrapper=$2 skip=$3 from=$4 stub=$5
shift 5
`;

/** Starts the agent again whenever it ends, so that its crashes do not take the pod out of its Services. */
const keepRunning = `
b=${volumeRoot}/busybox
launch() { ${execProgram} }
pid= nap=1
trap 'trap "" TERM INT; [ -z "$pid" ] || { kill -TERM $pid 2>/dev/null; wait $pid; }; exit 0' TERM INT
while :; do
  began=$($b date +%s)
  (trap - TERM INT; launch "$@") & pid=$!
  wait $pid; code=$?
  [ $(($($b date +%s) - began)) -lt 60 ] || nap=1
  echo "outrider: the agent ended with $code, starting it again in $nap s" >&2
  $b sleep $nap & pid=$!
  wait $pid
  [ $nap -ge 60 ] || nap=$((nap * 2))
done
`;

const toolsScript = literal(bringTools.trimStart());
const keeperScript = literal(keepRunning.trimStart());
const stubScript = literal(execProgram.trimStart());
const fillScripts = {
  from: { strict: fillScript(fillByCopy, false), stub: fillScript(fillByCopy, true) },
  command: { strict: fillScript(fillByCommand, false), stub: fillScript(fillByCommand, true) },
} as const;

function fillScript(fill: string, stub: boolean): string {
  const attempt = stub ? `fill "$@" && exit 0${installStub}` : 'fill "$@"; exit $?\n';
  return literal(`${parameters}${fill}${attempt}`.trimStart());
}

/** Argv of the container that brings busybox into the volume; runs in Outrider's own image. */
export function toolsArgv(): readonly string[] {
  return [toolsSource, 'sh', '-c', toolsScript, 'outrider', toolsSource];
}

/** What a filling step has to know; `wrapper` is the wrapper's path below the files' folder, `''` for none. */
export interface FillStep {
  /** Path at which the workload sees the files. */
  readonly mountPath: string;
  readonly wrapper: string;
  /** Elements of the wrapper's argv behind its program: a stub skips them. */
  readonly skip: number;
  /** Install a wrapper that only runs its argv when the files cannot be brought in (prefer: Availability). */
  readonly stub: boolean;
}

/** Argv that copies a folder of the agent's image into the volume. */
export function copyArgv(from: string, step: FillStep): readonly string[] {
  return fillArgv(fillScripts.from, step, from, []);
}

/** Argv that runs the vendor's own command, which fills the files' folder, and falls back to the stub. */
export function commandArgv(command: readonly string[], step: FillStep): readonly string[] {
  return fillArgv(fillScripts.command, step, '', command);
}

function fillArgv(
  scripts: { readonly strict: string; readonly stub: string },
  step: FillStep,
  from: string,
  command: readonly string[],
): readonly string[] {
  return [
    busybox,
    'sh',
    '-c',
    step.stub ? scripts.stub : scripts.strict,
    'outrider',
    step.mountPath,
    step.wrapper,
    String(step.skip),
    from,
    step.stub ? stubScript : '',
    ...command,
  ];
}

/** Argv of the sidecar's keeper, with the agent's own argv behind it. */
export function keeperArgv(agent: readonly string[]): readonly string[] {
  return [`${volumeRoot}/busybox`, 'sh', '-c', keeperScript, 'outrider', ...agent];
}
