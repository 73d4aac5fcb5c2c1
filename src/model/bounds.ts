const mebibyte = 1024 * 1024;

/**
 * Largest review that is read unless the settings say otherwise. The API server reads at most 3 MiB of a request; a byte of it
 * is at most six in the review, where `<` is `\u003c` (F10). The rest is for what the API server adds of its own: the
 * envelope, defaults, the record of who set which field.
 */
export const defaultBodyBytes = 20 * mebibyte;

/**
 * Largest review that is read without its pod's status, which an API server sends as long as the author has made it, and
 * throws away. Of 3 MiB of empty statuses of containers it makes 94 MiB.
 */
export const mostWithStatusBytes = 128 * mebibyte;

/** What reviews may hold of the memory unless the settings say otherwise: what keeps a replica below 512 MiB (F16 to F18). */
export const defaultPendingBytes = 192 * mebibyte;

/** This many of the largest bodies must fit into that: a third of it is for incoming bodies. */
export const leastPendingBodies = 3;

/**
 * The most containers of a pod that is instrumented, unless the settings say otherwise. A whole node runs a few
 * hundred.
 */
export const defaultMostContainers = 500;
