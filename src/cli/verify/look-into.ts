// Looks at the processes of a pod, from a container that shares its process namespace.
import type { OpenCluster } from '../../cluster/live/open-cluster.js';
import { isApiError } from '../../cluster/client/api-error.js';
import { runDebugContainer } from '../../cluster/live/debug-container.js';
import { lookContainer, lookContainerName } from '../../inject/pod/debug/look-container.js';
import { busybox } from '../../inject/pod/scripts.js';
import type { Clock } from '../../time/clock.js';
import type { Sleep } from '../../time/sleep.js';
import { oneLine } from '../errors.js';
import type { Expected } from './expected.js';
import { lookArgv } from '../../model/look-script.js';
import { parseLook, type Look } from './parse-look.js';
import type { Way } from './report.js';
import { shownName } from './shown-name.js';

/** How to look. */
export interface LookOptions {
  readonly timeoutMs: number;
  /** Whether a debug container may be added if there is no other way. */
  readonly debugContainer: boolean;
  readonly image: string;
  /** The user that the debug container runs as; `undefined` if the cluster assigns it. */
  readonly user: number | undefined;
  /** The end of the debug container's name. */
  readonly suffix: () => string;
  readonly timing: { readonly clock: Pick<Clock, 'monotonicMs'>; readonly sleep: Sleep };
  /** By namespace, why exec is not tried there again. */
  readonly forbidden: Map<string, string>;
}

/** The result: what was seen, or why nothing was. */
export interface Looked {
  readonly way: Way;
  readonly look: Look | undefined;
}

const longestBytes = 4 * 1024 * 1024;
const patienceMs = 60_000;
const mostStderr = 200;

/**
 * Looks into a pod. Does not reject if the cluster refuses something: a refusal is a reason why nothing was seen.
 *
 * @param isRunning whether a container of the pod runs
 */
export async function lookInto(
  cluster: Pick<OpenCluster, 'client' | 'readText' | 'exec'>,
  pod: { readonly namespace: string; readonly name: string },
  { agent, noAgent, shared }: Expected,
  isRunning: (container: string) => boolean,
  options: LookOptions,
): Promise<Looked> {
  if (!shared) {
    return nothing('its containers do not share a process namespace, so that nobody beside them sees their processes');
  }
  const byAgent =
    agent === undefined
      ? nothing(noAgent)
      : isRunning(agent)
        ? await byExec(cluster, pod, agent, options)
        : nothing(`the agent’s container ${agent} does not run`);
  if (byAgent.look !== undefined) return byAgent;
  const why = byAgent.way.detail ?? '';
  return options.debugContainer
    ? byDebugContainer(cluster, pod, why, options)
    : nothing(`${why}; --debug-container looks from a debug container, which stays in the pod’s spec`);
}

async function byExec(
  { exec }: Pick<OpenCluster, 'exec'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  container: string,
  { timeoutMs, forbidden }: LookOptions,
): Promise<Looked> {
  const known = forbidden.get(namespace);
  if (known !== undefined) return nothing(known);
  try {
    const command = lookArgv(busybox);
    const ran = await exec({ namespace, pod: name, container, command, timeoutMs, longestBytes });
    if (ran.trouble !== undefined) return nothing(`exec into ${container} fails: ${shownName(ran.trouble)}`);
    if (!ran.cut && ran.exitCode !== 0) {
      const said = ran.stderr === '' ? '' : `: ${shownName(ran.stderr.trim().slice(0, mostStderr))}`;
      return nothing(`the look from ${container} ended with ${ran.exitCode ?? '?'}${said}`);
    }
    return lookedBy({ by: 'agent', container }, ran.cut ? wholeLines(ran.stdout) : ran.stdout);
  } catch (error) {
    if (!isApiError(error)) throw error;
    const why = refusalText('exec into the agent’s container', 'get and create pods/exec', error);
    if (error.status === 403) forbidden.set(namespace, why);
    return nothing(why);
  }
}

async function byDebugContainer(
  cluster: Pick<OpenCluster, 'client' | 'readText'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  whyNotOtherwise: string,
  { image, user, suffix, timing, timeoutMs }: LookOptions,
): Promise<Looked> {
  const container = lookContainer(lookContainerName(suffix()), image, user);
  try {
    const ran = await runDebugContainer(cluster, { namespace, pod: name, container, timeoutMs, patienceMs }, timing);
    if (!ran.added) return nothing(`${whyNotOtherwise}; ${ran.why}`);
    const way: Way = { by: 'debug_container', container: container.name, detail: whyNotOtherwise };
    if (ran.text !== undefined) return lookedBy(way, ran.text);
    return {
      way: { ...way, detail: `debug container ${container.name} was added and printed nothing: ${oneLine(ran.why)}` },
      look: undefined,
    };
  } catch (error) {
    if (!isApiError(error)) throw error;
    return nothing(
      refusalText('a debug container', 'get pods, patch pods/ephemeralcontainers and get pods/log', error),
    );
  }
}

function lookedBy(way: Way, text: string): Looked {
  const look = parseLook(text);
  if (look !== undefined) return { way, look };
  return {
    way: { ...way, detail: `what ${way.container ?? 'it'} printed is not of the form of a look` },
    look: undefined,
  };
}

function wholeLines(text: string): string {
  return text.slice(0, text.lastIndexOf('\n') + 1);
}

function nothing(detail: string): Looked {
  return { way: { by: 'none', detail }, look: undefined };
}

function refusalText(
  what: string,
  rights: string,
  error: { readonly status: number; readonly message: string },
): string {
  const said = oneLine(error.message);
  return error.status === 403
    ? `${what} is forbidden (403), which needs the rights to ${rights}: ${said}`
    : `${what} fails: ${said}`;
}
