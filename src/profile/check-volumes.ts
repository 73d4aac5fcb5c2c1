import { posix } from 'node:path';
import { apiTokenPath } from '../model/api-token.js';
import { didYouMean } from '../model/nearest.js';
import type { ProfileSpec } from '../model/profile.js';
import { validationRules } from '../model/validation-rules.js';
import { programFolderProblem, programFolders, toolsVolumeName } from './program-folders.js';
import { quote } from './setting-value.js';

const hostPathTypes = ['DirectoryOrCreate', 'Directory', 'FileOrCreate', 'File', 'Socket', 'CharDevice', 'BlockDevice'];

type Report = (field: string, problem: string | undefined) => void;

/** Why a path is not written as the runtime cleans it; `undefined` where it is. One place then has one name. */
export function pathProblem(path: string): string | undefined {
  const normal = posix.normalize(path);
  const clean = normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
  return clean === path ? undefined : `is ${quote(path)}; write the path as ${clean}`;
}

/**
 * Checks a profile's volumes: the one with the agent's files, the parts of the node, and where containers mount these.
 *
 * @param report called for each field that was looked at, with what is wrong with it
 */
export function checkVolumes(spec: ProfileSpec, report: Report): void {
  checkFiles(spec, report);
  const volumes = spec.hostVolumes.map(({ name }) => name);
  const own = spec.volume && [
    spec.volume.name,
    toolsVolumeName(spec.volume),
    ...programFolders(spec.volume, spec.wrapper).map(({ name }) => name),
  ];
  for (const [index, { name, path, type }] of spec.hostVolumes.entries()) {
    const field = `spec.hostVolumes[${index}]`;
    if (volumes.indexOf(name) !== index || own?.includes(name) === true) {
      report(`${field}.name`, `is ${name}, which another volume has too; give it its own name`);
    }
    report(`${field}.path`, pathProblem(path));
    if (type === undefined || hostPathTypes.includes(type)) continue;
    const hint = didYouMean(type, hostPathTypes) || ';';
    report(`${field}.type`, `is ${quote(type)}${hint} give one of ${hostPathTypes.join(', ')}`);
  }
  for (const [index, { mounts }] of spec.containers.entries()) {
    for (const [at, { volume, mountPath }] of mounts.entries()) {
      const field = `spec.containers[${index}].mounts[${at}]`;
      report(`${field}.mountPath`, pathProblem(mountPath));
      if (volumes.includes(volume)) continue;
      const hint = didYouMean(volume, volumes) || ';';
      report(`${field}.volume`, `is ${volume}, which spec.hostVolumes does not have${hint} add it there`);
    }
  }
}

function checkFiles(spec: ProfileSpec, report: Report): void {
  const { volume } = spec;
  if (volume === undefined) return;
  const { mountPath, copy, imageVolume } = volume;
  if (copy === undefined && imageVolume === undefined) report('spec.volume', validationRules.volumeIsFilled.message);
  for (const [index, folder] of volume.programFolders.entries()) {
    report(`spec.volume.programFolders[${index}]`, programFolderProblem(spec, index, folder));
  }
  const place = mountPath === '/' ? 'is /; give a folder of its own' : pathProblem(mountPath);
  report('spec.volume.mountPath', place ?? tokenProblem(mountPath));
  if (copy?.from !== undefined) report('spec.volume.copy.from', pathProblem(copy.from));
}

/** There our own containers mount something else, in place of a token. */
function tokenProblem(mountPath: string): string | undefined {
  return `${mountPath}/`.startsWith(`${apiTokenPath}/`)
    ? `is ${quote(mountPath)}, where a pod’s token is; give a folder of its own`
    : undefined;
}
