import type { DoorName } from '../model/doors.js';

/** Tells whether a call is the API server's. */
export interface CallerProof {
  /** @param token the last segment of the path, after the door's; `undefined`: there is none */
  isProven(door: DoorName, token: string | undefined): boolean;
}

/** Where the client's certificate was asked for, it is the proof. */
export const provenByCertificate: CallerProof = { isProven: () => true };
