import { load } from './load.js';
import { memoryMegabytes, type Server } from './servers.js';
import { rounded } from './statistics.js';

/** Memory of the server in the course of many reviews. */
export interface Soak {
  readonly reviews: number;
  readonly seconds: number;
  /** Resident memory in MB: at the start, and after each tenth of the reviews. */
  readonly residentMegabytes: readonly number[];
  readonly peakMegabytes: number;
}

/** Posts so many reviews, a tenth of them at a time. */
export async function soak(
  server: Server,
  what: {
    readonly ca: string;
    readonly path: string;
    readonly bodies: readonly string[];
    readonly connections: number;
  },
  reviews: number,
): Promise<Soak> {
  const resident = (): number => rounded(memoryMegabytes(server.pid).resident, 1);
  const residentMegabytes = [resident()];
  let seconds = 0;
  for (let tenth = 1; tenth <= 10; tenth++) {
    const count = Math.floor((reviews * tenth) / 10) - Math.floor((reviews * (tenth - 1)) / 10);
    const result = await load({ ...what, port: server.port, count, answersWith: '"allowed":true' });
    seconds += result.seconds;
    residentMegabytes.push(resident());
  }
  const { peak } = memoryMegabytes(server.pid);
  return { reviews, seconds: rounded(seconds, 1), residentMegabytes, peakMegabytes: rounded(peak, 1) };
}
