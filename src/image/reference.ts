import { LRUCache } from 'lru-cache';
import { isDigest } from './registry/digest.js';
import { type ImageReference, RegistryError } from './types.js';

/** The registry of a reference without one, and the host that serves it. */
const defaultRegistry = 'docker.io';
const defaultRegistryHost = 'registry-1.docker.io';
const defaultTag = 'latest';

const maxReferenceLength = 1000;
const maxRepositoryLength = 255;

const domainPattern =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])$/;
const componentPattern = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;

/**
 * Parses an image reference by the grammar that container runtimes use (github.com/distribution/reference), and
 * normalises it as they do: no registry means Docker Hub, a single name there means `library/NAME`, no tag and no
 * digest means `latest`, a registry's name is lower-case (E10).
 *
 * @throws {RegistryError} `image_reference_invalid`; the message quotes the part that is wrong.
 */
export function parseReference(text: string): ImageReference {
  if (text === '') throw invalid('the image reference is empty');
  if (text.length > maxReferenceLength) {
    throw invalid(`the image reference is longer than ${maxReferenceLength} characters: ${quote(text)}`);
  }
  if (text.includes('://')) throw invalid(`${quote(text)} has a scheme, and an image reference has none`);
  if (/^[0-9a-f]{64}$/.test(text)) {
    throw invalid(`${quote(text)} is an image ID, not a reference`);
  }
  const at = text.indexOf('@');
  const digest = at === -1 ? undefined : text.slice(at + 1);
  const named = at === -1 ? text : text.slice(0, at);
  if (digest !== undefined && !isDigest(digest)) {
    throw invalid(
      `${quote(digest)} is not a digest (sha256:, sha384: or sha512: and lower-case hex) in ${quote(text)}`,
    );
  }

  // A colon is the tag's only after the last slash; before it, it is a port's.
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const tag = colon === -1 ? undefined : named.slice(colon + 1);
  const name = colon === -1 ? named : named.slice(0, colon);
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw invalid(`${quote(tag)} is not a tag (letters, digits, ".", "_", "-", at most 128) in ${quote(text)}`);
  }

  const { registry, path } = splitRegistry(name);
  const repository = registry === defaultRegistry && !path.includes('/') ? `library/${path}` : path;
  checkRegistry(registry, text);
  checkRepository(path, text);
  if (repository.length > maxRepositoryLength) {
    throw invalid(`the repository is longer than ${maxRepositoryLength} characters: ${quote(repository)}`);
  }
  return { registry, repository, tag: tag ?? (digest === undefined ? defaultTag : undefined), digest, text };
}

/** The reference in full: `docker.io/library/nginx:latest`, `ghcr.io/acme/app:1@sha256:…`. */
export function formatReference(reference: Omit<ImageReference, 'text'>): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

/** The host and optional port that serve a registry's API: the registry's own except for Docker Hub. */
export function apiHost(registry: string): string {
  return registry === defaultRegistry ? defaultRegistryHost : registry;
}

/**
 * The first part of a name is a registry if it could not be a part of a repository: it has a dot, a port or an upper
 * case letter, or is `localhost` (distribution/reference, `splitDockerDomain`).
 */
function splitRegistry(name: string): { registry: string; path: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isRegistry = slash !== -1 && (/[.:A-Z]/.test(first) || first === 'localhost');
  if (!isRegistry) return { registry: defaultRegistry, path: name };
  const registry = first.toLowerCase();
  const path = name.slice(slash + 1);
  return { registry: registry === 'index.docker.io' ? defaultRegistry : registry, path };
}

function checkRegistry(registry: string, text: string): void {
  const [, host = '', port] = /^(.*?)(?::([0-9]*))?$/.exec(registry) ?? [];
  if (!domainPattern.test(host) || !URL.canParse(`https://${registry}/`)) {
    throw invalid(`${quote(registry)} is not a registry’s host in ${quote(text)}`);
  }
  if (port !== undefined && (port === '' || Number(port) === 0)) {
    throw invalid(`${quote(`:${port}`)} is not a port in ${quote(text)}`);
  }
}

function checkRepository(path: string, text: string): void {
  if (path === '') throw invalid(`${quote(text)} has no repository`);
  for (const component of path.split('/')) {
    if (componentPattern.test(component)) continue;
    if (component === '') throw invalid(`${quote(path)} has an empty part in ${quote(text)}`);
    const hint = componentPattern.test(component.toLowerCase())
      ? 'a repository is in lower case'
      : 'a part of a repository is lower-case letters and digits, separated by ".", "_", "__" or "-"';
    throw invalid(`${quote(component)} is not part of a repository in ${quote(text)}: ${hint}`);
  }
}

function quote(part: string): string {
  return JSON.stringify(part.length > 300 ? `${part.slice(0, 300)}…` : part);
}

function invalid(message: string): RegistryError {
  return new RegistryError('image_reference_invalid', message);
}

/** Registry and repository, as in `docker.io/library/nginx`. */
export function repositoryKey({ registry, repository }: ImageReference): string {
  return `${registry}/${repository}`;
}

/** A reference in one form for all ways of writing it; a digest wins over a tag (E10). */
export function referenceKey(reference: ImageReference): string {
  const { tag, digest } = reference;
  return digest === undefined
    ? `${repositoryKey(reference)}:${tag ?? defaultTag}`
    : `${repositoryKey(reference)}@${digest}`;
}

/** Parses references as {@link parseReference} does, and throws as it does. */
export type ParseReference = (text: string) => ImageReference;

// A cluster runs far fewer images than this; the text of one is at most 1,000 characters.
const mostKept = 2_000;

/** Keeps recently parsed references, because the agent's image, for example, comes with every pod. */
export function keepReferences(): ParseReference {
  const kept = new LRUCache<string, ImageReference>({ max: mostKept });
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    const parsed = parseReference(text);
    kept.set(text, parsed);
    return parsed;
  };
}
