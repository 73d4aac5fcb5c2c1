import { literal } from './argv.js';

/*
 * Shell texts that run in the busybox of the volume. Each is one argument behind `sh -c` and takes what varies as
 * positional parameters, so nothing is ever spliced into a shell text. `$` is doubled because they stand in a Pod (E6).
 *
 * Programs are called through "$b" and by paths with a slash: a busybox shell runs its own applets in place of the
 * programs of the same name on PATH, in `exec` too.
 */

/** Where the volume is mounted in our own containers: its root is the agent's folder. */
export const volumeRoot = '/outrider';
/** Folder of the volume with what is ours: the busybox, and copies on their way. */
const ownFolder = '.outrider';
/** Where Outrider's own image has the static busybox. */
const toolsSource = '/tools/busybox';

const busybox = `${volumeRoot}/${ownFolder}/busybox`;

/** Runs `"$@"` as the kernel would find it on PATH, never as an applet, under the name it was called by. */
const execProgram = `
case $1 in */*) exec "$@" ;; esac
n=$1; shift; f=$IFS; IFS=:
for p in $PATH; do
  if [ -f "\${p:-.}/$n" ] && [ -x "\${p:-.}/$n" ]; then IFS=$f; exec -a "$n" "\${p:-.}/$n" "$@"; fi
done
echo "outrider: $n: not found" >&2; exit 127
`;

/**
 * Makes the folders, too, that the volumes of programs are mounted on: one that the runtime makes is root's, and what is
 * above it then as well.
 */
const bringTools = `
set -e
b=$1 d=${volumeRoot} o=${volumeRoot}/${ownFolder}
shift
$b mkdir -p $o
$b chmod 0700 $o
$b cp "$b" $o/new
$b chmod 0555 $o/new
$b mv -f $o/new $o/busybox
for p in "$@"; do $b mkdir -p "$d/$p"; done
`;

/**
 * What every way of filling the volumes works with.
 *
 * - `within`: whether `$2` is in `$1` and leads to nothing outside; an absolute link counts by what the workload sees
 *   there. Leaves where it leads in `r`.
 * - `finish`: leaves of our own folder what is needed, and ends.
 */
const parameters = `
b=${busybox} d=${volumeRoot} o=${volumeRoot}/${ownFolder}
mount=$1 wrapper=$2 skip=$3 programs=$4 keep=$5 from=$6 stub=$7
shift 7
within() {
  r=$($b readlink -f "$1/$2") || return 1
  case $r in "$1"/*) ;; "$mount"/*) r=$($b readlink -f "$1/\${r#"$mount"/}") || return 1 ;; esac
  case $r in "$1"/*) [ -e "$r" ] ;; *) return 1 ;; esac
}
finish() {
  case $keep in
    '') exec $b rm -rf $o ;;
    *) $b rm -rf $o/new && exec $b chmod $keep $o ;;
  esac
  exit 1
}
`;

/**
 * What knows of the folders of programs, each of which is a volume mounted inside the other one.
 *
 * - `kind`: whether `$1` is such a folder (0), has one in it (1), or neither (2).
 * - `clear`: takes away what is in the volumes below `$1`, but for our own folder and what volumes are mounted on.
 */
const layout = `
kind() {
  case ":$programs:" in *":$1:"*) return 0 ;; *":$1/"*) return 1 ;; esac
  return 2
}
clear() {
  for f in "$d/$1"* "$d/$1".[!.]* "$d/$1"..?*; do
    [ -e "$f" ] || [ -L "$f" ] || continue
    [ "$f" != $o ] || continue
    kind "\${f#"$d/"}"
    if [ $? != 2 ]; then clear "\${f#"$d/"}/" || return 1; continue; fi
    [ -L "$f" ] || $b chmod -R u+rwX "$f"
    $b rm -rf "$f" || return 1
  done
}
`;

/**
 * Safe to run twice on one volume, also after a run that was cut off: all is copied and looked at before anything of an
 * earlier run is taken away, and what the wrapper is in comes last. A folder nobody may read copies as an empty one
 * without a message: refused.
 *
 * - `unlink`: puts the folder that a folder of programs is a link to, which is in `r`, in its place.
 * - `check`: whether what was copied holds the wrapper and the folders of programs, as the agent's own.
 * - `place`: moves what was copied below `$1` into the volume, but for the folders of programs and the wrapper.
 */
const fillByCopy = `
say() { echo "outrider: $from$1" >&2; return 1; }
unlink() {
  $b cp -R "$r" $o/new/${ownFolder} && $b rm "$o/new/$1" && $b mv $o/new/${ownFolder} "$o/new/$1"
}
check() {
  [ -n "$($b ls -A $o/new)" ] || say ' is empty' || return 1
  [ ! -e $o/new/${ownFolder} ] && [ ! -L $o/new/${ownFolder} ] || say ' has a ${ownFolder} of its own' || return 1
  l=$programs
  while [ -n "$l" ]; do
    p=\${l%%:*} l=\${l#"\${l%%:*}"} l=\${l#:}
    within $o/new "$p" && [ -d "$r" ] || say "/$p is no folder of the agent's" || return 1
    [ ! -L "$o/new/$p" ] || unlink "$p" || return 1
    [ "$($b readlink -f "$o/new/$p")" = "$o/new/$p" ] || say "/$p is below a link" || return 1
  done
  [ -z "$wrapper" ] || { within $o/new "$wrapper" && [ -f "$r" ] && [ -x "$r" ]; } ||
    say "/$wrapper is no program of the agent's"
}
place() {
  for f in "$o/new/$1"* "$o/new/$1".[!.]* "$o/new/$1"..?*; do
    [ -e "$f" ] || [ -L "$f" ] || continue
    e=\${f#"$o/new/"}
    [ "$e" != "$wrapper" ] || continue
    kind "$e"
    case $? in
      0) ;;
      1) $b mkdir -p "$d/$e" && place "$e/" || return 1 ;;
      *) $b mv "$f" "$d/$e" || return 1 ;;
    esac
  done
}
fill() {
  $b chmod -R u+rwX $o/new 2>/dev/null
  $b rm -rf $o/new && $b mkdir $o/new && $b cp -R "$from/." $o/new/ &&
    $b chmod -R u+w,a+rX,go-w $o/new && check && clear '' && place '' || return 1
  l=$programs
  while [ -n "$l" ]; do
    p=\${l%%:*} l=\${l#"\${l%%:*}"} l=\${l#:}
    $b cp -R "$o/new/$p/." "$d/$p/" || return 1
  done
  case $wrapper in ''|*/*) ;; *) $b mv "$o/new/$wrapper" "$d/$wrapper" ;; esac
}
`;

const fillByCommand = `
fill() { "$@" && { [ -z "$wrapper" ] || { within $d "$wrapper" && [ -x "$r" ]; }; }; }
`;

/** A wrapper that only starts what stands behind it: the workload runs, untraced. */
const installStub = `
echo "outrider: the agent's files could not be brought in: the workload runs untraced" >&2
[ -n "$wrapper" ] || finish
$b chmod -R u+rwX $o/new 2>/dev/null
$b rm -rf $o/new
[ -z "$from" ] || clear ''
case $wrapper in */*) $b mkdir -p "$d/\${wrapper%/*}" ;; esac
$b rm -rf "$d/$wrapper" &&
  { echo "#!$mount/${ownFolder}/busybox sh"; echo "shift $skip"; echo "$stub"; } > "$d/$wrapper" &&
  $b chmod 0755 "$d/$wrapper" $o
`;

/** Starts the agent again whenever it ends, so that its crashes do not take the pod out of its Services. */
const keepRunning = `
b=${busybox}
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
  const attempt = stub ? `if fill "$@"; then finish; fi${installStub}` : 'fill "$@" || exit 1\nfinish\n';
  const usesLayout = stub || fill === fillByCopy;
  return literal(`${parameters}${usesLayout ? layout : ''}${fill}${attempt}`.trimStart());
}

/**
 * Argv of the container that brings busybox into the volume; runs in Outrider's own image.
 *
 * @param programs folders of the volume that volumes of their own are mounted on
 */
export function toolsArgv(programs: readonly string[]): readonly string[] {
  return [toolsSource, 'sh', '-c', toolsScript, 'outrider', toolsSource, ...programs];
}

/** What a filling step has to know; `wrapper` is the wrapper's path below the files' folder, `''` for none. */
export interface FillStep {
  /** Path at which the workload sees the files. */
  readonly mountPath: string;
  readonly wrapper: string;
  /** Elements of the wrapper's argv behind its program: a stub skips them. */
  readonly skip: number;
  /** Folders of the volume that volumes of their own are mounted on, the wrapper's first. */
  readonly programs: readonly string[];
  /** Who may use our own folder afterwards: nobody, so that it goes, our own user, or everybody. */
  readonly keep: 'Nobody' | 'OwnUser' | 'Everybody';
  /** Install a wrapper that only runs its argv when the files cannot be brought in (prefer: Availability). */
  readonly stub: boolean;
}

/** Argv that copies a folder of the agent's image into the volumes. */
export function copyArgv(from: string, step: FillStep): readonly string[] {
  return fillArgv(fillScripts.from, step, from, []);
}

/** Argv that runs the vendor's own command, which fills the files' folder, and falls back to the stub. */
export function commandArgv(command: readonly string[], step: FillStep): readonly string[] {
  return fillArgv(fillScripts.command, step, '', command);
}

const keptModes: Readonly<Record<FillStep['keep'], string>> = { Nobody: '', OwnUser: '0700', Everybody: '0755' };

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
    // The wrapper's is filled last.
    step.programs.toReversed().join(':'),
    keptModes[step.keep],
    from,
    step.stub ? stubScript : '',
    ...command,
  ];
}

/** Argv of the sidecar's keeper, with the agent's own argv behind it. */
export function keeperArgv(agent: readonly string[]): readonly string[] {
  return [busybox, 'sh', '-c', keeperScript, 'outrider', ...agent];
}
