import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { registryHost, registryPassword, registryUser } from '../cluster/layout.js';
import { busyboxPath } from '../cluster/parts.js';

/** A file of an image: its text, a copy of a file of the machine, or a link. */
export type ImageFile =
  | { readonly text: string; readonly mode?: number }
  | { readonly copyOf: string; readonly mode?: number; readonly capabilities?: string }
  | { readonly linkTo: string };

/** What of an image's configuration tests vary, as the OCI specification names it. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly Volumes?: Readonly<Record<string, object>>;
}

/** An image from scratch. */
export interface Image {
  readonly files: Readonly<Record<string, ImageFile>>;
  readonly config: ImageConfig;
  /** Its layer is no archive: the registry gives it out, and no node can unpack it. */
  readonly isSpoilt?: boolean;
}

/** The full name of an image of the tests' registry. */
export function imageName(name: string): string {
  return `${registryHost}/${name}:1`;
}

/** Static busybox with a link for each program that the tests use. */
export function busyboxFiles(...programs: readonly string[]): Image['files'] {
  const links = programs.map((name): [string, ImageFile] => [`bin/${name}`, { linkTo: 'busybox' }]);
  return { 'bin/busybox': { copyOf: busyboxPath() }, ...Object.fromEntries(links) };
}

/** What Outrider's own image has in /tools. */
export function toolsFiles(): Image['files'] {
  const folder = fileURLToPath(new URL('../../../../deploy/tools', import.meta.url));
  const shellFiles = readdirSync(folder).map((name): [string, ImageFile] => [
    `tools/${name}`,
    { copyOf: join(folder, name), mode: 0o444 },
  ]);
  return { 'tools/busybox': { copyOf: busyboxPath() }, ...Object.fromEntries(shellFiles) };
}

/** Makes an image of one layer and pushes it, with tag 1. Returns its full name. */
export async function pushImage(name: string, { files, config, isSpoilt = false }: Image): Promise<string> {
  const layer = isSpoilt ? Buffer.from('this is no archive') : await layerOf(files);
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const configuration = JSON.stringify({
    architecture,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
  });
  const blob = async (content: Buffer, mediaType: string): Promise<object> => {
    await pushBlob(name, content);
    return { mediaType, digest: digestOf(content), size: content.length };
  };
  const manifestType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: await blob(Buffer.from(configuration), 'application/vnd.oci.image.config.v1+json'),
    layers: [await blob(layer, 'application/vnd.oci.image.layer.v1.tar')],
  };
  const headers = { 'content-type': manifestType };
  await ask(`/v2/${name}/manifests/1`, { method: 'PUT', headers, body: JSON.stringify(manifest) });
  return imageName(name);
}

/** Pushes a blob into a repository of the tests' registry. */
export async function pushBlob(name: string, content: Buffer): Promise<void> {
  const begun = await answerOf(`/v2/${name}/blobs/uploads/`, { method: 'POST' });
  await begun.body?.cancel();
  const location = new URL(begun.headers.get('location') ?? '', `http://${registryHost}`);
  location.searchParams.set('digest', digestOf(content));
  const headers = { 'content-type': 'application/octet-stream' };
  await ask(`${location.pathname}${location.search}`, { method: 'PUT', headers, body: new Uint8Array(content) });
}

/** Asks the tests' registry. Returns the body. @throws for any answer but a good one */
export async function ask(path: string, request: RequestInit): Promise<string> {
  return (await answerOf(path, request)).text();
}

async function answerOf(path: string, request: RequestInit): Promise<Response> {
  const authorization = `Basic ${Buffer.from(`${registryUser}:${registryPassword}`).toString('base64')}`;
  const headers = new Headers(request.headers);
  headers.set('authorization', authorization);
  const response = await fetch(`http://${registryHost}${path}`, { ...request, headers });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
}

/** A tar of the files, owned by root; extended attributes (file capabilities) are kept. */
async function layerOf(files: Image['files']): Promise<Buffer> {
  const root = mkdtempSync(join(tmpdir(), 'layer-'));
  try {
    chmodSync(root, 0o755);
    for (const [path, file] of Object.entries(files)) await place(join(root, path), file);
    return await outputOf(
      'tar',
      `--directory=${root}`,
      '--xattrs',
      '--xattrs-include=*',
      '--owner=0',
      '--group=0',
      '-c',
      '.',
    );
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function place(path: string, file: ImageFile): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  if ('linkTo' in file) {
    symlinkSync(file.linkTo, path);
    return;
  }
  if ('text' in file) writeFileSync(path, file.text);
  else copyFileSync(file.copyOf, path);
  chmodSync(path, file.mode ?? 0o755);
  if ('copyOf' in file && file.capabilities !== undefined) await outputOf('setcap', file.capabilities, path);
}

async function outputOf(program: string, ...parameters: readonly string[]): Promise<Buffer> {
  const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => child.on('close', resolve).on('error', reject));
  const [output, complaint, code] = await Promise.all([buffer(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new Error(`${program} ended with ${code ?? 'a signal'}: ${complaint}`);
  return output;
}

function digestOf(content: Buffer | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
