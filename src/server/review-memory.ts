import { HeavyWork } from './heavy-work.js';
import { LargeBodies } from './large-bodies.js';
import { leastPendingBodies } from '../model/bounds.js';
import { SmallBodies } from './small-bodies.js';

/**
 * The memory that reviews may take, in three parts so that none of them is in the way of another: a sixth for small
 * bodies that come in, a third for large ones, and half for reviews that are being handled and answers that are not
 * read yet (F16 to F18). docs/decisions/0008 says why.
 */
export class ReviewMemory {
  readonly small: SmallBodies;
  readonly large: LargeBodies;
  readonly work: HeavyWork;

  constructor(totalBytes: number) {
    this.small = new SmallBodies(totalBytes / 6);
    this.large = new LargeBodies(totalBytes / leastPendingBodies);
    this.work = new HeavyWork(totalBytes / 2);
  }

  /** Bytes that are counted now. */
  get takenBytes(): number {
    return this.small.takenBytes + this.large.takenBytes + this.work.takenBytes;
  }
}
