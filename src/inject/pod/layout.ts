/**
 * The version number of the containers, volumes and scripts that this version makes from a recipe. It is part of the plan's
 * name on each pod. Raise it with every change of what a pod gets for the same recipe, so that running pods count as having
 * an earlier plan, not as tampered.
 */
export const partsLayout = 2;
