import { z } from 'zod';
import { parsedJson } from './json.js';

/** RFC 3339, in UTC. */
const time = z.iso.datetime();

const selfTestSchema = z.object({
  /** Whether the dry run came back changed by the webhook; absent where that cannot be told. */
  reachable: z.boolean().optional(),
  /** Milliseconds of the whole dry run, the API server's own work included. */
  latencyMs: z.number().nonnegative(),
  /** When it was made. */
  at: time,
  /** What is wrong, or that nothing is, as text for people. */
  why: z.string().optional(),
  /** The replica that answered. */
  answeredBy: z.string().optional(),
});
/** The result of the leader's last self-test: a dry run that the API server has to send to the webhook (E42). */
export type ObservedSelfTest = z.infer<typeof selfTestSchema>;

const certificateSchema = z.object({
  /** Start of the certificate that is served: together with its end it tells when it should have been renewed. */
  notBefore: time.optional(),
  /** End of the certificate that is served. */
  notAfter: time,
  /** Names that it is for. */
  names: z.array(z.string()),
  /** Common name of the authority that issued it. */
  authority: z.string(),
  /** End of the authority, where it is known. */
  authorityNotAfter: time.optional(),
});
/** The certificate that the leader serves. */
export type ObservedCertificate = z.infer<typeof certificateSchema>;

const portSchema = z.object({
  /** What a call must show to count as the API server's; `none`: the port is open. */
  proof: z.enum(['token', 'certificate', 'none']),
  /** For people: why it asks for none. */
  why: z.string().optional(),
});
/** What the webhook's port asks for. */
export type ObservedPort = z.infer<typeof portSchema>;

/** Versions as the leader sees them. */
const versionsSchema = z.object({
  /** Version of Outrider on the leader. */
  outrider: z.string(),
  /** Version of the API server, such as `v1.36.3`. */
  kubernetes: z.string().optional(),
});

// A part of a form that is not known, written by another version, is left out and the others are read.
const observedSchema = z.object({
  selfTest: selfTestSchema.optional().catch(undefined),
  certificate: certificateSchema.optional().catch(undefined),
  port: portSchema.optional().catch(undefined),
  versions: versionsSchema.optional().catch(undefined),
});
/**
 * What the leader last observed. It is kept as JSON in the annotation `outrider.dev/observed` of the Lease, where
 * `outrider status` reads it; a part that was not observed yet is left out.
 */
export type Observed = z.infer<typeof observedSchema>;

/** The annotation's value. */
export function observedText(observed: Observed): string {
  return JSON.stringify(observed);
}

/** Reads the annotation's value; `undefined` where it is not valid. */
export function readObserved(text: string): Observed | undefined {
  const result = observedSchema.safeParse(parsedJson(text));
  return result.success ? result.data : undefined;
}
