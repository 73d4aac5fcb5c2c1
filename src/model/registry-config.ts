import { z } from 'zod';
import { apiVersion } from './names.js';
import { objectName } from './policy.js';

const hostText = z
  .string()
  .max(255)
  .regex(/^[^\s/]+$/, 'must be HOST or HOST:PORT, without scheme and path');

const timeoutMs = z.int().min(10).max(120_000);

const mirrorSchema = z.strictObject({
  host: hostText.describe('HOST or HOST:PORT of the mirror. Its TLS and limits stand in its own entry of hosts.'),
  repositoryPrefix: z
    .string()
    .regex(/^[a-z0-9._/-]+\/$/, 'must be lower-case parts of a repository that end with /')
    .exactOptional()
    .describe('What comes before the repository, such as dockerhub-proxy/ for a project of Harbor.'),
  sendCredentials: z.boolean().exactOptional().describe('Show the mirror the registry’s credentials. Default: false.'),
});

const hostSchema = z.strictObject({
  host: hostText.describe(
    'HOST, HOST:PORT or a glob with *. The first entry that matches counts. Without a port: every port.',
  ),
  mirrors: z.array(mirrorSchema).max(16).exactOptional().describe('Asked in this order before the registry itself.'),
  plainHttp: z
    .boolean()
    .exactOptional()
    .describe('Talk HTTP, credentials included. Only for a registry on a trusted network.'),
  caFile: z
    .string()
    .min(1)
    .exactOptional()
    .describe('PEM file with the certificate authorities, in place of the system’s. Relative to this document’s file.'),
  connectTimeoutMs: timeoutMs.exactOptional().describe('Longest time for a connection. Default: 3000.'),
  headersTimeoutMs: timeoutMs
    .exactOptional()
    .describe('Longest time from the request to the answer’s header. Default: 8000.'),
  bodyTimeoutMs: timeoutMs
    .exactOptional()
    .describe(
      'Longest time between two pieces of the body; the whole body may take three times as long. Default: 8000.',
    ),
  maxSockets: z.int().min(1).max(1024).exactOptional().describe('Most connections. Default: 16.'),
  concurrency: z
    .int()
    .min(1)
    .max(1024)
    .exactOptional()
    .describe(
      'Most requests at a time; more wait, in turn by namespace, of which one has at most three quarters. Default: 16.',
    ),
});

const globs = z.array(hostText).max(1000);
const egressEntry = z.string().min(1).max(255);
const provider = z
  .enum(['Auto', 'On', 'Off'])
  .exactOptional()
  .describe('Auto, the default: on where the environment gives this process an identity there.');

const cacheSchema = z
  .strictObject({
    tagTtlMs: z.int().min(0).max(86_400_000).exactOptional().describe('How long a tag is believed. Default: 60000.'),
    rightTtlMs: z
      .int()
      .min(0)
      .max(86_400_000)
      .exactOptional()
      .describe('How long a registry’s consent to show a repository to a credential counts. Default: 300000.'),
    credentialTtlMs: z
      .int()
      .min(0)
      .max(86_400_000)
      .exactOptional()
      .describe('How long a pod’s credentials are believed to be the same. Default: 60000.'),
    staleMs: z
      .int()
      .min(0)
      .max(604_800_000)
      .exactOptional()
      .describe('How old an answer may get while its registry cannot be asked; 0: never stale. Default: 21600000.'),
    entries: z.int().min(1).max(1_000_000).exactOptional().describe('Most entries of each kind. Default: 20000.'),
    bytes: z.int().min(65_536).max(4_294_967_296).exactOptional().describe('Most bytes, about. Default: 67108864.'),
  })
  .describe('Times and sizes of the cache.');

const lookupsSchema = z
  .strictObject({
    perPod: z
      .int()
      .min(1)
      .max(10_000)
      .exactOptional()
      .describe('Most images of one pod that are looked up; what is known already does not count. Default: 50.'),
    perNamespace: z
      .int()
      .min(1)
      .max(2_000)
      .exactOptional()
      .describe('Most look-ups of one namespace under way at once in each replica. Default: 200.'),
  })
  .describe('How many look-ups one tenant may have, so that there are some for everybody: too_many_lookups.');

const namespacePattern = z
  .string()
  .max(63)
  .regex(/^[a-z0-9*]([a-z0-9*-]*[a-z0-9*])?$/, 'must be the name of a namespace, or a glob of one with *');

// A first part without dot, port or glob would be Docker Hub's in an image's name, and a host's here.
const repositoryPattern = z
  .string()
  .max(512)
  .regex(
    /^(localhost|[^\s/@]*[.:*][^\s/@]*)(\/[a-z0-9._*-]+)*$/,
    'must be HOST, HOST:PORT or either with /REPOSITORY in lower case, without scheme, tag and digest, such as docker.io/library/nginx',
  );

/** Where credentials of Outrider's own come from. */
export const ownCredentialOrigins = ['DefaultPullSecret', 'DockerConfig', 'Ecr', 'Gcp', 'Acr'] as const;

const ownCredentialsSchema = z
  .strictObject({
    namespaces: z
      .array(namespacePattern)
      .min(1)
      .max(1000)
      .exactOptional()
      .describe('Only for pods of these namespaces: names, or globs with *. Default: every namespace.'),
    repositories: z
      .array(repositoryPattern)
      .min(1)
      .max(1000)
      .exactOptional()
      .describe(
        'Only for these repositories and those below them, as images name them: HOST[:PORT][/REPOSITORY], with * within a part. Default: every repository.',
      ),
    from: z
      .array(z.enum(ownCredentialOrigins))
      .min(1)
      .exactOptional()
      .describe('Only credentials from there. Default: all of them.'),
  })
  .refine((entry) => Object.keys(entry).length > 0, {
    error: 'must have namespaces, repositories or from: without, it lets everybody have every credential',
  });

/** How registries are talked to. Not a cluster's kind: files only. */
export const registryConfigSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('RegistryConfiguration'),
  metadata: z.looseObject({ name: objectName.exactOptional() }).optional(),
  hosts: z
    .array(hostSchema)
    .max(1000)
    .exactOptional()
    .describe('How to talk to hosts that need more than the defaults.'),
  registries: z
    .strictObject({
      allow: globs.exactOptional().describe('When given, only these registries may be named by an image.'),
      deny: globs
        .exactOptional()
        .describe('Never these: registries, mirrors, redirects, token servers. Wins over allow.'),
    })
    .exactOptional()
    .describe('Which registries may be asked: HOST, HOST:PORT or globs with *.'),
  egress: z
    .strictObject({
      allow: z
        .array(egressEntry)
        .max(1000)
        .exactOptional()
        .describe(
          'What may be reached although it is refused by default, such as 127.0.0.1:5000, or a token server in a private range for registries that are in none.',
        ),
      deny: z.array(egressEntry).max(1000).exactOptional().describe('What may not be reached. Wins over allow.'),
    })
    .exactOptional()
    .describe(
      'Which addresses may be connected to: addresses, CIDR blocks, hosts, globs; all but a block with a port.',
    ),
  defaultPullSecret: z
    .strictObject({
      namespace: objectName.describe('Namespace of the Secret.'),
      name: objectName.describe('Name of the Secret.'),
    })
    .exactOptional()
    .describe('Pull secret that is tried for the pods of every namespace. Only in a cluster.'),
  ownCredentials: z
    .array(ownCredentialsSchema)
    .max(1000)
    .exactOptional()
    .describe(
      'Whom Outrider’s own credentials serve: the default pull secret, the docker config, the clouds’. When given, only where an entry says so; an empty list: nobody. Default: every pod.',
    ),
  clouds: z
    .strictObject({
      ecr: provider,
      gcp: provider,
      acr: provider,
    })
    .exactOptional()
    .describe('Credentials for the clouds’ registries by this process’s own identity.'),
  cache: cacheSchema.exactOptional(),
  lookups: lookupsSchema.exactOptional(),
});

export type RegistryConfig = z.infer<typeof registryConfigSchema>;
export type RegistryHost = z.infer<typeof hostSchema>;
export type OwnCredentialsEntry = z.infer<typeof ownCredentialsSchema>;
export type OwnCredentialOrigin = (typeof ownCredentialOrigins)[number];
export type CloudName = keyof NonNullable<RegistryConfig['clouds']>;

/** A configuration that leaves everything at its default. */
export const defaultRegistryConfig: RegistryConfig = { apiVersion, kind: 'RegistryConfiguration' };
