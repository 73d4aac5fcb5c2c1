/** Tags that nobody moves, unless an operator says otherwise: versions of three parts. */
export const unchangingTags: readonly string[] = ['^v?[0-9]+\\.[0-9]+\\.[0-9]+([-+._][A-Za-z0-9._-]+)?$'];
