import { parseReview, skippedOf } from '../../../src/admission/review-json.js';

/** The review that a target made, as a door reads it that needs who asks. @throws SyntaxError when it is not JSON */
export function wholeReview(input: Uint8Array): unknown {
  const body = Buffer.from(input);
  return parseReview(body, skippedOf(body, true));
}
