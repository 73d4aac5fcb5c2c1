import type { ProfileSpec, ProfileVolume } from '../model/profile.js';
import type { RecipeProgramFolder } from '../model/recipe.js';
import { quote } from './setting-value.js';

/** Where our own things lie in the volume. */
const reserved = '.outrider';

/**
 * The folders that are mounted at exactly their own paths: the wrapper's first, unless that is the volume's root, then
 * those that the profile names.
 */
export function programFolders(volume: ProfileVolume, wrapper: ProfileSpec['wrapper']): readonly RecipeProgramFolder[] {
  const ofWrapper = wrapperFolder(volume, wrapper);
  const folders = ofWrapper === '' ? volume.programFolders : [ofWrapper, ...volume.programFolders];
  // A name with no hyphen before its number: so that it never equals another name with a suffix.
  return folders.map((folder, index) => ({ name: `${volume.name}-bin${index === 0 ? '' : index + 1}`, folder }));
}

/** Name of the volume with our own tools, where the files come by an image volume. */
export function toolsVolumeName({ name }: Pick<ProfileVolume, 'name'>): string {
  return `${name}-tools`;
}

/** What is wrong with a folder of programs; `undefined` for nothing. */
export function programFolderProblem(
  { volume, wrapper }: ProfileSpec,
  index: number,
  folder: string,
): string | undefined {
  if (volume === undefined) return undefined;
  const said = `is ${quote(folder)}`;
  if (folder.includes(':') || folder.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    return `${said}; give a folder from ${volume.mountPath} on, such as libexec or lib/programs`;
  }
  if (folder === reserved || folder.startsWith(`${reserved}/`)) return `${said}, which is Outrider’s own; give another`;
  const others = [wrapperFolder(volume, wrapper), ...volume.programFolders.slice(0, index)];
  const other = others.find((one) => one !== '' && isNested(one, folder));
  return other === undefined
    ? undefined
    : `${said}, and ${other} is a folder of programs too, the wrapper’s or a named one; none can be in another`;
}

function isNested(one: string, other: string): boolean {
  return `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`);
}

/** The wrapper's folder from the volume's root on; empty for the root itself, and for a wrapper outside. */
function wrapperFolder({ mountPath }: ProfileVolume, wrapper: ProfileSpec['wrapper']): string {
  const [program] = wrapper?.argv ?? [];
  const root = `${mountPath.replace(/\/$/, '')}/`;
  if (typeof program !== 'string' || !program.startsWith(root)) return '';
  return program.slice(root.length).split('/').slice(0, -1).join('/');
}
