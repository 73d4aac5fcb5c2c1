import { decideAttach } from '../engine/session/attach.js';
import { decideExec } from '../engine/session/exec.js';
import type { Door } from '../model/decision.js';
import { attach, exec } from '../model/doors.js';
import type { DoorHandler } from './handler.js';
import { PatchEncoder } from './patch-encoder.js';
import { SessionReview, type SessionDoorOptions, type SessionSubject } from './session-review.js';

const execs: SessionSubject = {
  row: exec,
  kind: 'exec',
  decide: (asked, pod, engine) => decideExec({ ...asked, kind: 'exec' }, pod, engine),
};

const attaches: SessionSubject = {
  row: attach,
  kind: 'attach',
  decide: (asked, pod, engine) => decideAttach({ ...asked, kind: 'attach' }, pod, engine),
};

/**
 * Makes the handler of one door for commands that are started in running containers.
 *
 * @returns a handler that throws OutriderError `review_invalid` when the body is not an AdmissionReview
 */
export function createExecDoor(verb: Door, options: SessionDoorOptions): DoorHandler {
  const door = exec.doors[verb];
  const encoder = new PatchEncoder();
  return (body, call) => new SessionReview(execs, door, options, encoder, body, call).answer();
}

/** Makes the handler of the door for connections to what containers run. @returns as `createExecDoor` does */
export function createAttachDoor(options: SessionDoorOptions): DoorHandler {
  const door = attach.doors.validate;
  const encoder = new PatchEncoder();
  return (body, call) => new SessionReview(attaches, door, options, encoder, body, call).answer();
}
