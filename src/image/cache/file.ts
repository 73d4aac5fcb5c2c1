import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { z } from 'zod';
import type { ImageConfig } from '../../model/image.js';
import { reasonCodes, type ReasonCode } from '../../model/reasons.js';
import { isSystemError } from '../../model/system-error.js';
import type { ImageLog } from '../types.js';
import type { Platform } from '../types.js';
import type { ContentEntry } from './content.js';
import type { ImageCache } from './image-cache.js';

/** Raise it whenever earlier readings of images may be wrong: 3 for keys in any case and an empty ENTRYPOINT (W1, W2). */
const formatVersion = 3;

const digest = z.string().regex(/^[a-z0-9+._-]+:[0-9a-f]{32,}$/);
const platform = z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() });
const indexEntry = z.object({
  mediaType: z.string(),
  digest,
  size: z.number(),
  platform: platform.optional(),
  annotations: z.record(z.string(), z.string()),
});
const content = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('index'), entries: z.array(indexEntry) }),
  z.object({
    kind: z.literal('image'),
    config: z.object({
      entrypoint: z.array(z.string()),
      cmd: z.array(z.string()),
      volumes: z.array(z.string()).optional(),
      users: z.array(z.number()).optional(),
    }),
    platform,
  }),
  z.object({
    kind: z.literal('unusable'),
    reason: z.enum(reasonCodes as [ReasonCode, ...ReasonCode[]]),
    message: z.string(),
  }),
]);
const fileSchema = z.object({
  version: z.literal(formatVersion),
  contents: z.array(z.object({ repository: z.string(), digest, content })),
  hints: z.array(z.tuple([z.string(), digest])),
});

type FileEntry = z.infer<typeof fileSchema>['contents'][number];

/** A config without volumes or a numeric user has no such field. */
function configOf({
  volumes,
  users,
  ...start
}: Extract<z.infer<typeof content>, { kind: 'image' }>['config']): ImageConfig {
  return {
    ...start,
    ...(volumes === undefined ? {} : { volumes }),
    ...(users === undefined ? {} : { users }),
  };
}

/** JSON has no `undefined`, so the variant may be missing. */
function platformOf({ os, architecture, variant }: z.infer<typeof platform>): Platform {
  return { os, architecture, variant };
}

function entryOf({ repository, digest, content }: FileEntry): ContentEntry {
  switch (content.kind) {
    case 'index': {
      const entries = content.entries.map((entry) => ({
        ...entry,
        platform: entry.platform === undefined ? undefined : platformOf(entry.platform),
      }));
      return { repository, digest, content: { kind: 'index', entries } };
    }
    case 'image':
      return {
        repository,
        digest,
        content: { kind: 'image', config: configOf(content.config), platform: platformOf(content.platform) },
      };
    case 'unusable':
      return { repository, digest, content };
  }
}

/** A file that keeps a cache's content over a restart. */
export interface CacheFile {
  /** Fills the cache. A missing file is ignored. An unusable one is logged and stays until the next save. */
  load(cache: ImageCache): Promise<void>;
  /** Writes the cache, replacing the file in one step. A failure, such as a full disk, is logged; the old file stays. */
  save(cache: ImageCache): Promise<void>;
}

/**
 * Keeps the content of digests, and the last digests of tags, in a JSON file. It contains no credentials, no fingerprints of
 * credentials, and no rights: after a restart every right is checked again, with a HEAD. Entries can be from private images,
 * so only the owner may read the file.
 *
 * @param options `limitBytes`: a larger file is not read. To avoid writing one, the least used entries are left out.
 */
export function createCacheFile(options: {
  readonly path: string;
  readonly limitBytes: number;
  readonly log: ImageLog;
}): CacheFile {
  const { path, limitBytes, log } = options;
  return {
    async load(cache) {
      try {
        if ((await stat(path)).size > limitBytes) throw new Error('the file is larger than its limit');
        const file = fileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
        for (const entry of file.contents) {
          const { repository, digest, content } = entryOf(entry);
          cache.content.set(repository, digest, content);
        }
        for (const [key, digest] of file.hints) cache.keepHint(key, digest);
      } catch (error) {
        if (isSystemError(error, 'ENOENT')) return;
        log.warn({ path, err: error }, 'The image cache’s file cannot be used; it is written again.');
      }
    },
    async save(cache) {
      const temporary = `${path}.${process.pid}.tmp`;
      try {
        const handle = await open(temporary, 'w', 0o600);
        try {
          await handle.writeFile(render(cache, limitBytes));
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(temporary, path);
      } catch (error) {
        log.warn({ path, err: error }, 'The image cache’s file cannot be written; the cache goes on without it.');
        await rm(temporary, { force: true }).catch(() => undefined);
      }
    },
  };
}

/** The file's text, within the limit. */
function render(cache: ImageCache, limitBytes: number): string {
  let room = limitBytes - 256;
  const fitting = <T>(items: Iterable<T>): readonly string[] => {
    const texts: string[] = [];
    for (const item of items) {
      const text = JSON.stringify(item);
      const bytes = Buffer.byteLength(text) + 1;
      if (bytes > room) break;
      room -= bytes;
      texts.push(text);
    }
    return texts.reverse();
  };
  const contents = fitting(cache.content.all()).join(',');
  const hints = fitting(cache.hints()).join(',');
  return `{"version":${formatVersion},"contents":[${contents}],"hints":[${hints}]}\n`;
}
