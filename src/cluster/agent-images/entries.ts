/*
 * What the agents' images start, as the leader found out. Replicas share it as the data of one ConfigMap, with one entry for
 * each image. Anyone who can write that ConfigMap decides what starts in the agents' containers. So entries are read as
 * strictly as any outside input, and invalid ones are ignored.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { objectOf, parsedJson, stringOf, type JsonValue } from '../../model/json.js';

/** What one image starts. */
export interface AgentImage {
  /** As in pods: after the operator's rewrites. */
  readonly image: string;
  /** ENTRYPOINT, then CMD; never empty. */
  readonly argv: readonly string[];
  /** The digest that the reference pointed to then, for people. */
  readonly digest: string | undefined;
  /** When it was found, RFC 3339. */
  readonly foundAt: string;
}

/** By image. */
export type AgentImagesByName = ReadonlyMap<string, AgentImage>;

/** The most images that are kept. They fit into a ConfigMap even with the longest entries. */
export const mostImages = 100;
/** The longest entry, in bytes of its JSON. */
export const longestEntryBytes = 8_192;

const digestPattern = /^[a-z0-9+._-]{1,32}:[0-9a-f]{32,128}$/;

// Unknown fields may come from a later version, which may write here too.
const entrySchema = z.object({
  image: z.string().regex(/^\S{1,1024}$/),
  argv: z
    .array(z.string().regex(/^[^\0]*$/))
    .min(1)
    .max(256),
  digest: z.string().regex(digestPattern).optional(),
  foundAt: z.iso.datetime(),
});

/** Name of the ConfigMap, in the installation's namespace. */
export function agentImagesName(instance: string): string {
  return `${instance}-agent-images`;
}

/** The key of an image's entry. An image's name has characters that are not allowed in a key. */
export function entryKey(image: string): string {
  return createHash('sha256').update(image).digest('hex').slice(0, 24);
}

/** An entry in the form of the ConfigMap; `undefined` if it is too long to be kept. */
export function entryText({ image, argv, digest, foundAt }: AgentImage): string | undefined {
  const text = JSON.stringify({ image, argv, digest, foundAt });
  return Buffer.byteLength(text) > longestEntryBytes ? undefined : text;
}

/** The entries that were read, and the keys of invalid ones. */
export interface ReadEntries {
  readonly images: AgentImagesByName;
  readonly invalid: readonly string[];
}

/** Reads the data of the ConfigMap. Accepts no more entries than are ever written. */
export function readEntries(data: JsonValue | undefined): ReadEntries {
  const images = new Map<string, AgentImage>();
  const invalid: string[] = [];
  for (const [key, value] of Object.entries(objectOf(data) ?? {})) {
    const entry = images.size < mostImages ? readEntry(key, stringOf(value)) : undefined;
    if (entry === undefined) invalid.push(key);
    else images.set(entry.image, entry);
  }
  return { images, invalid };
}

/**
 * Whether replicas can read an entry as it is written. An image may contain arguments that no process can get, such as a
 * NUL.
 */
export function isReadable(entry: AgentImage): boolean {
  return readEntry(entryKey(entry.image), entryText(entry)) !== undefined;
}

function readEntry(key: string, text: string | undefined): AgentImage | undefined {
  if (text === undefined || Buffer.byteLength(text) > longestEntryBytes) return undefined;
  const { data } = entrySchema.safeParse(parsedJson(text));
  if (data === undefined || entryKey(data.image) !== key) return undefined;
  const { image, argv, digest, foundAt } = data;
  return { image, argv, digest, foundAt };
}
