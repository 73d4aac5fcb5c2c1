import { entrypointOf, type ImageConfig } from '../model/image.js';
import { isArray, isObject, type JsonObject, stringMembersOf, stringOf, stringsOf } from '../model/json.js';
import { goField, goStruct } from './go-fields.js';
import { isDigest } from './registry/digest.js';
import { isImageConfigType, isLayerType, manifestKind } from './registry/media-types.js';
import { type Descriptor, type Platform, RegistryError } from './types.js';

/** One entry of an index. Attestations are kept: see {@link isAttestation}. */
export interface IndexEntry extends Descriptor {
  /** `undefined` when the index does not say; the image's config does. */
  readonly platform: Platform | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What a manifest leads to: other manifests, or one image's config. */
export type ParsedManifest =
  | { readonly kind: 'index'; readonly entries: readonly IndexEntry[] }
  | { readonly kind: 'image'; readonly config: Descriptor };

/** The parts of an image's config that a look-up needs. */
export interface ParsedImageConfig extends Platform {
  readonly config: ImageConfig;
}

const maxEntries = 1000;
const maxArguments = 4096;
const maxArgumentsLength = 256 * 1024;
const maxVolumes = 1000;
const maxVolumesLength = 256 * 1024;

/**
 * Reads an index or an image's manifest, OCI or Docker schema 2. The media type is the one that the registry stated
 * in Content-Type: an OCI manifest need not repeat it in its body (E9). Keys count in any case, as runtimes read them (W2).
 *
 * @param bytes The manifest's bytes, JSON in UTF-8.
 * @throws {RegistryError} `image_not_runnable` for schema 1 and artifacts, `image_config_invalid` for what is not a
 *   manifest of its type.
 */
export function parseManifest(mediaType: string, bytes: Uint8Array): ParsedManifest {
  const kind = manifestKind(mediaType);
  if (kind === 'schema1') throw notRunnable('the image has Docker’s schema 1 format, which no runtime of today pulls');
  if (kind === 'other') throw notRunnable(`${show(mediaType)} is not the media type of an image or an index`);
  const manifest = parseObject(bytes, 'manifest');
  const hasIndexFields = goField(manifest, 'manifests') !== undefined;
  const hasImageFields = goField(manifest, 'config') !== undefined || goField(manifest, 'layers') !== undefined;
  // Bytes that are both would mean different images to different readers (OCI image-spec, on CVE-2021-41190).
  if (hasIndexFields && hasImageFields) throw invalid('the manifest is an index and an image at once');
  return kind === 'index' ? parseIndex(manifest) : parseImage(manifest);
}

/** True for an entry of an index that no node runs: a build's attestation, or an unknown platform (E8). */
export function isAttestation(entry: IndexEntry): boolean {
  return (
    entry.annotations['vnd.docker.reference.type'] === 'attestation-manifest' ||
    (entry.platform?.os === 'unknown' && entry.platform.architecture === 'unknown')
  );
}

/**
 * Reads an image's config, OCI or Docker.
 *
 * @param bytes The config's bytes, JSON in UTF-8.
 * @returns ENTRYPOINT and CMD, empty where absent or null; volumes and a numeric user where there are any; `os` and
 *   `architecture` are `''` where absent.
 * @throws {RegistryError} `image_config_invalid`.
 */
export function parseImageConfig(bytes: Uint8Array): ParsedImageConfig {
  const image = parseObject(bytes, 'image config');
  const config = goStruct(image, 'config') ?? {};
  if (!isObject(config)) throw invalid('the image config’s field config is not an object');
  const volumes = volumesOf(config);
  const user = uidOf(config);
  return {
    config: {
      entrypoint: entrypointOf(argv(config, 'Entrypoint')),
      cmd: argv(config, 'Cmd'),
      ...(volumes.length === 0 ? {} : { volumes }),
      ...(user === undefined ? {} : { users: [user] }),
    },
    os: stringOf(goField(image, 'os')) ?? '',
    architecture: stringOf(goField(image, 'architecture')) ?? '',
    variant: nonEmpty(goField(image, 'variant')),
  };
}

/** The uid of `User`, `UID` or `UID:GROUP`, as the kubelet and containerd read a number; `undefined` for a user's name. */
function uidOf(config: JsonObject): number | undefined {
  const [, digits] = /^\+?(\d{1,19})(?::|$)/.exec(stringOf(goField(config, 'user')) ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** The keys of `Volumes`: a set, as Go writes one in JSON. */
function volumesOf(config: JsonObject): readonly string[] {
  const given = goField(config, 'volumes');
  if (given === undefined || given === null) return [];
  if (!isObject(given)) throw invalid('the image config’s Volumes is not an object');
  const paths = Object.keys(given);
  if (paths.length > maxVolumes || paths.join('').length > maxVolumesLength) {
    throw invalid('the image config’s Volumes is too long');
  }
  return paths;
}

function parseIndex(index: JsonObject): ParsedManifest {
  const list = goField(index, 'manifests');
  if (!isArray(list)) throw invalid('the index has no list of manifests');
  if (list.length > maxEntries) throw invalid(`the index has more than ${maxEntries} manifests`);
  return {
    kind: 'index',
    entries: list.map((item, position) => ({
      ...descriptor(item, `manifests[${position}]`),
      platform: isObject(item) ? platform(goStruct(item, 'platform')) : undefined,
      annotations: isObject(item) ? stringMembersOf(goField(item, 'annotations')) : {},
    })),
  };
}

function parseImage(manifest: JsonObject): ParsedManifest {
  const config = descriptor(goStruct(manifest, 'config'), 'config');
  if (!isImageConfigType(config.mediaType)) {
    throw notRunnable(`the reference names an artifact (${show(config.mediaType)}), not an image`);
  }
  // Signatures and attestations carry an image's config, but no file system.
  const layers = goField(manifest, 'layers');
  if (isArray(layers) && layers.length > 0 && !layers.some((layer) => isObject(layer) && isFileSystem(layer))) {
    throw notRunnable('the reference names an artifact: none of its layers is part of a file system');
  }
  return { kind: 'image', config };
}

function isFileSystem(layer: JsonObject): boolean {
  return isLayerType(stringOf(goField(layer, 'mediatype')) ?? '');
}

function descriptor(value: unknown, field: string): Descriptor {
  const given = isObject(value) ? value : {};
  const mediaType = stringOf(goField(given, 'mediatype'));
  const digest = stringOf(goField(given, 'digest'));
  const size = goField(given, 'size');
  if (mediaType === undefined) throw invalid(`the manifest’s ${field} has no media type`);
  if (digest === undefined || !isDigest(digest)) throw invalid(`the manifest’s ${field} has no valid digest`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(`the manifest’s ${field} has no valid size`);
  }
  return { mediaType, digest, size };
}

function platform(value: unknown): Platform | undefined {
  if (!isObject(value)) return undefined;
  const os = nonEmpty(goField(value, 'os'));
  const architecture = nonEmpty(goField(value, 'architecture'));
  if (os === undefined || architecture === undefined) return undefined;
  return { os, architecture, variant: nonEmpty(goField(value, 'variant')) };
}

function argv(config: JsonObject, field: string): readonly string[] {
  const value = goField(config, field.toLowerCase()) ?? [];
  const list = stringsOf(value);
  if (list === undefined) throw invalid(`the image config’s ${field} is not a list of strings`);
  const length = list.reduce((sum, item) => sum + item.length, 0);
  if (list.length > maxArguments || length > maxArgumentsLength) {
    throw invalid(
      `the image config’s ${field} is longer than ${maxArguments} strings or ${maxArgumentsLength} characters`,
    );
  }
  if (list.some((item) => item.includes('\0'))) throw invalid(`the image config’s ${field} has a NUL in it`);
  return list;
}

function parseObject(bytes: Uint8Array, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid(`the ${what} is not JSON`, cause);
  }
  if (!isObject(value)) throw invalid(`the ${what} is not a JSON object`);
  return value;
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function show(mediaType: string): string {
  return JSON.stringify(mediaType.slice(0, 100));
}

function invalid(message: string, cause?: unknown): RegistryError {
  return new RegistryError('image_config_invalid', message, { cause });
}

function notRunnable(message: string): RegistryError {
  return new RegistryError('image_not_runnable', message);
}
