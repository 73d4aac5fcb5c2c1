import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../../model/json.js';
import type { ClusterFacts } from '../../../model/recipe.js';
import { rewriteImage } from '../../rewrite-image.js';
import { literal } from '../argv.js';
import { lookArgv } from '../../../model/look-script.js';
import { toolsSource } from '../scripts.js';
import type { ContainerBody } from '../view.js';

const nameStart = 'outrider-verify-';
const ownName = new RegExp(`^${nameStart}[0-9a-f]{8}$`);

/** Name of the debug container from which `outrider verify` looks. @param suffix eight hex digits */
export function lookContainerName(suffix: string): string {
  return `${nameStart}${suffix}`;
}

/**
 * The debug container from which `outrider verify` looks. It has only what Pod Security `restricted` requires, and what is
 * needed to see the names and the tracers of all processes.
 *
 * @param user the user that it runs as; `undefined` if the cluster assigns it
 */
export function lookContainer(
  name: string,
  image: string,
  user: number | undefined,
): JsonObject & { readonly name: string } {
  return {
    name,
    image,
    command: lookArgv(toolsSource).map(literal),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      ...(user === undefined ? {} : { runAsUser: user, runAsGroup: user }),
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

/** Fields that the API server fills in, with their values; any text for a pull policy. */
const filledIn: JsonObject = {
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
};

/** Whether a debug container is exactly the one that this version of `outrider verify` makes with these settings. */
export function isLookContainer({ name, value }: ContainerBody, facts: ClusterFacts): boolean {
  if (!ownName.test(name)) return false;
  const { openShift, agentUser, toolsImage, imageRewrites } = facts;
  const image = rewriteImage(toolsImage, imageRewrites);
  const own = lookContainer(name, image, openShift ? undefined : agentUser);
  const { imagePullPolicy, ...given } = value;
  if (imagePullPolicy !== undefined && typeof imagePullPolicy !== 'string') return false;
  const rest = Object.entries(given).filter(([field, it]) => !isDeepStrictEqual(it, filledIn[field]));
  return isDeepStrictEqual(Object.fromEntries(rest), own);
}
