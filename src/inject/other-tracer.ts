import type { Finding } from '../model/decision.js';
import type { KnownTracers } from '../model/tracers.js';

/** The parts of a container that show that a tracer starts it, or that it is an agent. */
export interface Suspect {
  readonly name: string;
  readonly image: string;
  /** The words that it starts with, as far as they are known. */
  readonly argv: readonly string[];
}

/** The profile for which other profiles' instrumentation is searched. */
export interface OwnTracer {
  readonly profile: string;
  /** The first word of the wrapper's argv. A container that starts with it is instrumented by the profile itself. */
  readonly program: string | undefined;
  /** Whether agents of the profile itself are already recognised in another way. */
  readonly knowsAgents: boolean;
}

/**
 * Finds what shows that a container is instrumented by another profile, or belongs to an agent that was added by other
 * means. No process may be traced twice (W27).
 */
export function otherTracer(suspect: Suspect, own: OwnTracer, known: KnownTracers): Finding | undefined {
  const program = suspect.argv[0];
  if (program !== undefined && program !== own.program) {
    const wrappers = known.wrappers.get(program);
    const wrapper = wrappers?.find(({ words }) => words.every((word, index) => suspect.argv[index + 1] === word));
    if (wrapper !== undefined) {
      return instrumented(`container ${suspect.name} starts with the wrapper of profile ${first(wrapper.profiles)}`);
    }
  }
  const agents = agentProfilesOf(suspect, known);
  if (agents.length === 0 || (own.knowsAgents && agents.includes(own.profile))) return undefined;
  return instrumented(`container ${suspect.name} is a part of profile ${first(agents)} that is none of ours`);
}

const nobody: readonly string[] = [];

/** The profiles whose agent, or copy of files, a container is: by its image's repository, or its name and a mirror's. */
export function agentProfilesOf(
  { name, image }: Pick<Suspect, 'name' | 'image'>,
  { agents, parts }: KnownTracers,
): readonly string[] {
  const base = baseOf(image);
  const alike = parts.get(base);
  if (alike === undefined) return nobody;
  const profiles = agents.get(repositoryOf(image));
  if (profiles !== undefined) return [...profiles];
  const named = alike.filter((part) => isNamed(name, part.name));
  return named.length === 0 ? nobody : named.map(({ profile }) => profile);
}

/** Whether a container has this name, in any case, with or without a suffix. */
function isNamed(name: string, part: string): boolean {
  const [one, other] = [name.toLowerCase(), part.toLowerCase()];
  return one === other || one.startsWith(`${other}-`);
}

const slash = 0x2f;
const colon = 0x3a;

/**
 * The last part of a reference's repository. It goes character by character, because it runs for every image of every pod,
 * and each `lastIndexOf` leaves compiled code.
 */
function baseOf(image: string): string {
  const at = image.indexOf('@');
  const whole = at === -1 ? image.length : at;
  let end = whole;
  let start = whole;
  for (; start > 0; start--) {
    const code = image.charCodeAt(start - 1);
    if (code === slash) break;
    if (code === colon && end === whole) end = start - 1;
  }
  return image.slice(start, end);
}

/** A reference without its tag and digest. */
export function repositoryOf(image: string): string {
  const at = image.indexOf('@');
  const end = at === -1 ? image.length : at;
  const colon = image.lastIndexOf(':', end - 1);
  return image.slice(0, colon > image.lastIndexOf('/', end - 1) ? colon : end);
}

function first(names: Iterable<string>): string {
  return [...names].sort()[0] ?? '';
}

function instrumented(detail: string): Finding {
  return { reason: 'instrumented_otherwise', detail };
}
