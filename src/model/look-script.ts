// The script that looks at the processes of a pod, for the static busybox that Outrider has in its own image. It prints
// what the kernel says and judges nothing: parse-look.ts reads it, judge.ts judges.

/** At most this many threads are examined; a pod with more is not fully known. */
const mostTasks = 20_000;

/**
 * For each thread of each process, by the paths that come on standard input:
 *
 * task PID TID STATE TRACER        `?` for what is not given
 *     process PID PARENT START CAPABILITIES NAME    once, by its first thread: START in ticks since the machine
 *                                                   started, CAPABILITIES in effect as a bit mask
 *     cgroup PID PATH                  each path that it is in, once
 *
 * A name is whatever its author likes. The kernel writes a line break in it as `\n`, and a name has 15 bytes, so it
 * could at most look like a field that comes after it: the last one of each counts.
 */
const program = `
BEGIN { print "look 1" }
{
  if (++seen > ${mostTasks}) { print "cut"; exit }
  split($0, part, "/"); pid = part[3]; tid = part[5]
  name = state = parent = tracer = caps = ""; found = 0
  file = $0 "/status"
  while ((getline line < file) > 0) {
    found = 1
    if (line ~ /^Name:\\t/ && name == "") name = substr(line, 7, 64)
    else if (line ~ /^State:\\t/) state = substr(line, 8, 1)
    else if (line ~ /^PPid:\\t/) parent = substr(line, 7)
    else if (line ~ /^TracerPid:\\t/) tracer = substr(line, 12)
    else if (line ~ /^CapEff:\\t/) caps = substr(line, 9)
    if (caps != "" || (pid != tid && line ~ /^FDSize:\\t/)) break
  }
  close(file)
  if (!found) next
  print "task", pid, tid, (state == "" ? "?" : state), (tracer == "" ? "?" : tracer)
  if (pid != tid) next
  file = "/proc/" pid "/stat"; text = ""
  while ((getline line < file) > 0) text = text line
  close(file)
  sub(/^.*[)] /, "", text)
  split(text, field, " ")
  print "process", pid, (parent == "" ? "?" : parent), (field[20] == "" ? "?" : field[20]), (caps == "" ? "?" : caps), name
  file = "/proc/" pid "/cgroup"
  while ((getline line < file) > 0) {
    sub(/^[0-9]+:[^:]*:/, "", line)
    if (!((pid, line) in shown)) print "cgroup", pid, line
    shown[pid, line] = 1
  }
  close(file)
}
END { print "end", seen + 0 }
`;

/** Threads that have gone meanwhile are left out by the program. */
const script = `printf '%s\\n' /proc/[0-9]*/task/[0-9]* | "$0" awk "$1"`;

/**
 * The argv that looks.
 *
 * @param busybox its path in the container that it runs in
 */
export function lookArgv(busybox: string): readonly string[] {
  return [busybox, 'sh', '-c', script, busybox, program];
}
