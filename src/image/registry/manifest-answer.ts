import { isArray, isObject, stringOf } from '../../model/json.js';
import { goField } from '../go-fields.js';
import { formatReference } from '../reference.js';
import { type ImageReference, type Manifest, RegistryError } from '../types.js';
import { digestOf, hasDigest, isDigest } from './digest.js';
import { manifestKind, mediaTypeOf } from './media-types.js';
import { headerOf, type RegistryAnswer } from './answer.js';

/** Content types that say nothing of what a body is. */
const vagueTypes: ReadonlySet<string> = new Set([
  '',
  'application/json',
  'application/octet-stream',
  'binary/octet-stream',
  'text/plain',
]);

/**
 * The manifest in a registry's answer. Its digest is the one asked for, or for a tag the one the registry states, and
 * the bytes have it; its media type is the answer's Content-Type (E9).
 *
 * @throws {RegistryError} `image_config_invalid` for other bytes than stated, `image_not_runnable` for schema 1.
 */
export function verifiedManifest(reference: ImageReference, answer: RegistryAnswer): Manifest {
  const name = formatReference(reference);
  const bytes = answer.body;
  const mediaType = statedType(answer);
  // Before the digest: schema 1 is hashed without the signatures in it, and registries of old still convert to it.
  if (manifestKind(mediaType) === 'schema1') {
    throw new RegistryError(
      'image_not_runnable',
      `${name} has Docker’s schema 1 format, which no runtime of today pulls`,
    );
  }
  const stated = headerOf(answer, 'docker-content-digest');
  const expected = reference.digest ?? (stated !== undefined && isDigest(stated) ? stated : undefined);
  if (expected !== undefined && !hasDigest(bytes, expected)) {
    throw new RegistryError('image_config_invalid', `${name}: the manifest has another digest than ${expected}`);
  }
  if (reference.digest !== undefined && stated !== undefined && isDigest(stated) && !hasDigest(bytes, stated)) {
    throw new RegistryError('image_config_invalid', `${name}: the registry states another digest, ${stated}`);
  }
  if (manifestKind(mediaType) === 'other' && /^text\/|^application\/(xml|xhtml)/.test(mediaType)) {
    throw new RegistryError(
      'image_config_invalid',
      `${name}: the answer is ${JSON.stringify(mediaType.slice(0, 100))}, not a manifest`,
    );
  }
  return { mediaType, digest: expected ?? digestOf(bytes), size: bytes.length, bytes };
}

/** Content-Type; where that says nothing, what the body says about itself, and then its shape. */
function statedType(answer: RegistryAnswer): string {
  const contentType = mediaTypeOf(headerOf(answer, 'content-type'));
  if (!vagueTypes.has(contentType)) return contentType;
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder().decode(answer.body));
  } catch (cause) {
    throw new RegistryError('image_config_invalid', `${answer.url.host} answers with what is no manifest`, { cause });
  }
  if (!isObject(body))
    throw new RegistryError('image_config_invalid', `${answer.url.host} answers with what is no manifest`);
  const own = stringOf(goField(body, 'mediatype'));
  if (own !== undefined) return mediaTypeOf(own);
  if (goField(body, 'schemaversion') === 1) return 'application/vnd.docker.distribution.manifest.v1+json';
  return isArray(goField(body, 'manifests'))
    ? 'application/vnd.oci.image.index.v1+json'
    : 'application/vnd.oci.image.manifest.v1+json';
}
