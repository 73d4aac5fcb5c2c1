import type { Finding } from '../../../model/decision.js';
import type { PlannedMember } from '../plan.js';
import { describeDifferences, type Difference } from './difference.js';
import { restoredContainer } from './restore.js';

/** Our parts that are in one pod's lists. */
export interface OwnMembers {
  readonly volumes: readonly PlannedMember[];
  /** The parts in the required order. */
  readonly initContainers: readonly PlannedMember[];
  readonly containers: readonly PlannedMember[];
}

/** What happens to our parts, and the remarks about it. */
export interface Settled {
  readonly members: OwnMembers;
  /** Why nothing is planned. */
  readonly differing?: Finding;
  /** What stays as it is although it differs from the plan. */
  readonly kept?: Finding;
  readonly remark?: Finding;
}

/**
 * Decides what happens to parts of ours that differ from the plan, or are in another order.
 *
 * @param how `putBack`: each is replaced by what is planned. `stays`: they are left as they are, if the image and what it
 *   starts are still ours. `stops`: nothing is planned.
 */
export function settleDifferences(members: OwnMembers, how: 'putBack' | 'stays' | 'stops'): Settled {
  const inOrder = isInOrder(members.initContainers);
  if (inOrder && !differs(members.volumes) && !differs(members.initContainers) && !differs(members.containers)) {
    return { members };
  }
  const detail = describe(members, inOrder);
  if (how === 'putBack') {
    const restored = {
      volumes: members.volumes.map(putBack),
      initContainers: inOrder ? members.initContainers.map(putBack) : reordered(members.initContainers.map(putBack)),
      containers: members.containers.map(putBack),
    };
    return { members: restored, remark: { reason: 'parts_put_back', detail } };
  }
  const finding: Finding = { reason: 'parts_differ', detail };
  const all = [...members.volumes, ...members.initContainers, ...members.containers];
  if (how === 'stops' || !inOrder || all.some(isOther)) return { members, differing: finding };
  return { members, kept: finding };
}

function differs(members: readonly PlannedMember[]): boolean {
  for (const { differences } of members) if (differences.length > 0) return true;
  return false;
}

/** Fields that identify a container. If one of them differs, the container is no longer ours. */
const telling: ReadonlySet<string> = new Set(['image', 'command', 'args']);

/**
 * Whether a part is no longer ours, but another version or a look-alike. Nothing is started from a part of the node, so the
 * rest of the plan continues even if such a volume differs.
 */
function isOther({ part, differences, ofNode }: PlannedMember): boolean {
  return ofNode !== true && differences.some(({ place: [field = ''] }) => part === 'volume' || telling.has(field));
}

function isInOrder(members: readonly PlannedMember[]): boolean {
  let last = -1;
  for (const { index } of members) {
    if (index === undefined) continue;
    if (index < last) return false;
    last = index;
  }
  return true;
}

function putBack(member: PlannedMember): PlannedMember {
  const { present, value, differences, part } = member;
  if (present === undefined || differences.length === 0) return member;
  return { ...member, restored: part === 'volume' ? value : restoredContainer(present, value, differences) };
}

/** The same members, placed at the same indexes in the required order. */
function reordered(members: readonly PlannedMember[]): readonly PlannedMember[] {
  const places = members.flatMap(({ index }) => (index === undefined ? [] : [index])).sort((a, b) => a - b);
  let next = 0;
  return members.map((member) => {
    if (member.index === undefined) return member;
    const index = places[next] ?? member.index;
    next += 1;
    return index === member.index ? member : { ...member, index, restored: member.restored ?? member.present };
  });
}

function describe({ volumes, initContainers, containers }: OwnMembers, inOrder: boolean): string {
  const all = [...volumes, ...initContainers, ...containers];
  const differences: readonly Difference[] = all.flatMap((member) => member.differences);
  const texts: string[] = [];
  if (differences.length > 0) {
    const changed = all.filter((member) => member.differences.length > 0);
    texts.push(`${listed(changed)} ${changed.length === 1 ? 'is' : 'are'} ${describeDifferences(differences)}`);
  }
  if (!inOrder) texts.push(`${listed(initContainers)} do not stand in this order`);
  return texts.reverse().join('; ');
}

function listed(members: readonly PlannedMember[]): string {
  return members.map(({ part, name }) => (part === 'volume' ? `volume ${name}` : name)).join(', ');
}
