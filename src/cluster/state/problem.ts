import type { OutriderError } from '../../model/error.js';
import type { Problem } from './cluster-configuration.js';

/** An error as it is kept for a status. */
export function problemOf({ code, message, field }: OutriderError): Problem {
  return { code, message, field };
}
