import type { DoctorFinding } from './finding.js';
import { parseOsRelease } from './distribution.js';
import { judgeNodeAgent } from './node-agent.js';
import { atLeast, parseVersion } from './version.js';

/** What was read of a machine; `undefined` where a file is not there. */
export interface HostFacts {
  /** As Node names it: `linux`, `darwin`, … */
  readonly platform: string;
  readonly architecture: string;
  /** /proc/sys/kernel/osrelease. */
  readonly kernelRelease: string;
  /** Text of /etc/os-release. */
  readonly osRelease: string | undefined;
  /** Text of /proc/sys/kernel/yama/ptrace_scope. */
  readonly ptraceScope: string | undefined;
  /** Text of /proc/self/status. */
  readonly selfStatus: string | undefined;
  /** Whether /sys/fs/cgroup/cgroup.controllers is there, which only version 2 has. */
  readonly cgroup2: boolean;
}

const architectures = new Set(['x64', 'arm64']);

/** Looks at one machine: whether the vendor's node agent can run on it, and whether ptrace can be used. Pure. */
export function examineHost(facts: HostFacts): readonly DoctorFinding[] {
  if (facts.platform !== 'linux') {
    return [
      {
        check: 'platform',
        result: 'problem',
        detail: `this machine runs ${facts.platform}, and the agents run on Linux alone`,
        remedy: 'run outrider doctor on the machine that the workload runs on',
        source: 'datadogRequirements',
      },
    ];
  }
  return [kernel(facts), architecture(facts), ptraceScope(facts), seccomp(facts), cgroups(facts)];
}

function kernel({ kernelRelease, osRelease }: HostFacts): DoctorFinding {
  const { fit, detail } = judgeNodeAgent(kernelRelease, parseOsRelease(osRelease ?? ''));
  const about = { check: 'node agent', source: 'datadogRequirements' } as const;
  if (fit === 'yes')
    return { ...about, result: 'ok', detail: `${detail}: the eBPF agent can run, and is the better choice here` };
  if (fit === 'unlisted')
    return { ...about, result: 'note', detail, remedy: 'try the vendor’s node agent before relying on it' };
  return { ...about, result: 'note', detail, remedy: 'use ptrace instrumentation: profile sysdig or datadog' };
}

function architecture({ architecture }: HostFacts): DoctorFinding {
  const about = { check: 'architecture', source: 'outrider' } as const;
  if (architectures.has(architecture)) return { ...about, result: 'ok', detail: architecture };
  return {
    ...about,
    result: 'problem',
    detail: `the vendors’ images are for amd64 and arm64, and this machine is ${architecture}`,
    remedy: 'run the workload on amd64 or arm64',
  };
}

function ptraceScope({ ptraceScope: text }: HostFacts): DoctorFinding {
  const about = { check: 'ptrace scope', source: 'yama' } as const;
  if (text === undefined)
    return { ...about, result: 'ok', detail: 'Yama is not in the way: this kernel does not have it' };
  const scope = text.trim();
  if (scope === '0' || scope === '1') {
    return {
      ...about,
      result: 'ok',
      detail: `ptrace_scope is ${scope}: a tracer may trace the process that it starts`,
    };
  }
  const who = scope === '3' ? 'nobody may trace' : 'only a process with an effective SYS_PTRACE may trace';
  const remedy =
    scope === '3'
      ? 'set kernel.yama.ptrace_scope=1 at boot: 3 cannot be taken back on a running machine'
      : 'set kernel.yama.ptrace_scope=1 with sysctl, or run the workload as root with SYS_PTRACE';
  return { ...about, result: 'problem', detail: `ptrace_scope is ${scope}: ${who}`, remedy };
}

function seccomp({ selfStatus, kernelRelease }: HostFacts): DoctorFinding {
  const about = { check: 'seccomp', source: 'seccomp' } as const;
  const mode = /^Seccomp:\s*(\d)/m.exec(selfStatus ?? '')?.[1];
  const version = parseVersion(kernelRelease);
  if (version !== undefined && !atLeast(version, [4, 8, 0])) {
    return {
      ...about,
      result: 'note',
      detail: `kernel ${kernelRelease} is older than 4.8: the container runtimes’ default filters refuse ptrace without SYS_PTRACE`,
      remedy: 'use capability: Always, or another seccomp profile',
    };
  }
  if (mode === '2') {
    const detail = 'this process runs under a seccomp filter, as in a container; it may refuse ptrace';
    return { ...about, result: 'note', detail, remedy: 'run outrider doctor on the machine itself too' };
  }
  if (mode === undefined)
    return {
      ...about,
      result: 'note',
      detail: 'the mode could not be read from /proc/self/status',
      remedy: 'run outrider doctor where /proc is mounted',
    };
  return { ...about, result: 'ok', detail: 'no filter on this process' };
}

function cgroups({ cgroup2 }: HostFacts): DoctorFinding {
  const about = { check: 'cgroups', source: 'outrider' } as const;
  return { ...about, result: 'ok', detail: cgroup2 ? 'version 2' : 'version 1, or none' };
}
