/**
 * Number of the form in which this version makes its own containers, volumes and scripts out of a recipe. It goes into the
 * plan's name on each pod. Who changes what stands in a pod for the same recipe raises it: pods that run are then of an
 * earlier plan, and not taken for changed ones.
 */
export const partsLayout = 1;
