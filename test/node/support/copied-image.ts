import { createHash } from 'node:crypto';
import { isObject, objectOf, stringOf, type JsonObject } from '../../../src/model/json.js';
import { registryHost } from '../cluster/layout.js';
import { ask, pushBlob } from './image.js';

const copyTag = 'copy';

/**
 * Pushes an image of the tests' registry again, with an ID of its own. Since Kubernetes 1.35 a kubelet that pulled an image
 * with a Secret gives that ID to no pod without the Secret, whatever the image is called, even if it was loaded by hand too.
 *
 * @returns the full name of the copy
 */
export async function pushCopy(name: string): Promise<string> {
  const accept = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = await read(`/v2/${name}/manifests/1`, accept);
  const from = objectOf(manifest['config']) ?? {};
  const image = await read(`/v2/${name}/blobs/${stringOf(from['digest']) ?? ''}`, '*/*');
  const config = { ...objectOf(image['config']), Labels: { copy: 'yes' } };
  const content = Buffer.from(JSON.stringify({ ...image, config }));
  await pushBlob(name, content);
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  const body = JSON.stringify({ ...manifest, config: { ...from, digest, size: content.length } });
  await ask(`/v2/${name}/manifests/${copyTag}`, { method: 'PUT', headers: { 'content-type': accept }, body });
  return `${registryHost}/${name}:${copyTag}`;
}

async function read(path: string, accept: string): Promise<JsonObject> {
  const found: unknown = JSON.parse(await ask(path, { headers: { accept } }));
  if (!isObject(found)) throw new Error(`${path} is no object`);
  return found;
}
