/**
 * Whether a text has a placeholder of one of these loops of `Fn::ForEach` in it: `${Name}`, or `&{Name}`, which takes
 * items of other characters than letters and digits as well (CloudFormation, "Fn::ForEach").
 *
 * @param loops identifiers of the loops that the text is in
 */
export function hasPlaceholder(text: string, loops: readonly string[]): boolean {
  return loops.some((loop) => text.includes(`\${${loop}}`) || text.includes(`&{${loop}}`));
}
