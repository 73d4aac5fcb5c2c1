import { mountPoint, withoutSlash } from './path.js';

/** Folders in which no image keeps programs. A mount there does not change what an image starts. */
const dataFolders = [
  ...['/dev/', '/home/', '/mnt/', '/run/', '/tmp/', '/vault/'],
  ...['/var/cache/', '/var/lib/', '/var/log/', '/var/run/', '/var/spool/', '/var/tmp/'],
] as const;

/** Variables that make a loader, a shell or an interpreter run other code than the program's own. */
const loaderVariables: ReadonlySet<string> = new Set([
  ...['BASH_ENV', 'BASHOPTS', 'ENV', 'IFS', 'PROMPT_COMMAND', 'PS4', 'SHELLOPTS'],
  ...['GCONV_PATH', 'GLIBC_TUNABLES', 'OPENSSL_CONF', 'OPENSSL_ENGINES', 'OPENSSL_MODULES', 'PATH'],
  ...['JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS', '_JAVA_OPTIONS', 'CLASSPATH', 'DOTNET_STARTUP_HOOKS'],
  ...['LUA_CPATH', 'LUA_PATH', 'NODE_OPTIONS', 'NODE_PATH', 'PERL5LIB', 'PERL5OPT', 'PERLLIB', 'RUBYLIB', 'RUBYOPT'],
  ...['ERL_AFLAGS', 'ERL_FLAGS', 'ERL_LIBS', 'ERL_ZFLAGS', 'PHPRC', 'PHP_INI_SCAN_DIR'],
  ...['PYTHONHOME', 'PYTHONPATH', 'PYTHONSTARTUP'],
]);

/** Prefixes of further such variables: shell functions, and a .NET profiler, which is a library. */
const loaderPrefixes = ['LD_', 'BASH_FUNC_', 'CORECLR_', 'COR_', 'LUA_INIT'] as const;

/** Whether a variable may make a program run other code than its own. */
export function isLoaderVariable(name: string): boolean {
  return loaderVariables.has(name) || loaderPrefixes.some((prefix) => name.startsWith(prefix));
}

/**
 * Whether something mounted at a path could replace a program, a library or the loader's own files. Only paths that are
 * known to be safe are accepted, because it is unknown where an image has its programs.
 */
export function isOverPrograms(path: string): boolean {
  const place = mountPoint(path);
  if (place.startsWith('/etc/')) return place === '/etc/' || place.startsWith('/etc/ld');
  return !dataFolders.some((folder) => place.startsWith(folder));
}

/** The parts of a container that could replace its image's program. */
export interface Bending {
  readonly variables: readonly string[];
  readonly mounts: readonly string[];
  /** Whether something has its content outside the container itself, such as `envFrom`. */
  readonly elsewhere: readonly string[];
}

/** What makes it uncertain that a container runs its image's own program, in a few words; `undefined` if nothing does. */
export function bentBy({ variables, mounts, elsewhere }: Bending): string | undefined {
  const [unknown] = elsewhere;
  if (unknown !== undefined) return `it has ${unknown}`;
  const variable = variables.find(isLoaderVariable);
  if (variable !== undefined) return `it sets ${variable}`;
  const mount = mounts.find(isOverPrograms);
  return mount === undefined ? undefined : `it mounts ${withoutSlash(mountPoint(mount))}, where programs may be`;
}
