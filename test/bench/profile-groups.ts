/** A function on the stack: its name, and the file that it was written in; empty for native code. */
export interface Frame {
  readonly name: string;
  readonly source: string;
}

/** What the time of a server goes to. */
export const groups = [
  'TLS, HTTP and streams of Node',
  'Fastify and our server',
  'JSON.parse',
  'reading the review',
  'deciding and planning',
  'encoding the answer',
  'images',
  'logging',
  'metrics',
  'garbage collection',
  'outside of JavaScript',
] as const;
export type Group = (typeof groups)[number];

/** The first that fits is taken. A file that none fits, such as a helper, counts to whoever called it. */
const bySource: readonly (readonly [RegExp, Group])[] = [
  [/node_modules\/(pino|sonic-boom|thread-stream|quick-format-unescaped|on-exit-leak-free)\b/, 'logging'],
  [/src\/(observe\/(logger|review-line|gathered-stderr)|server\/review-log)\./, 'logging'],
  [/node_modules\/(prom-client|tdigest|bintrees)\b|src\/observe\//, 'metrics'],
  [/src\/admission\/review(-json)?\./, 'reading the review'],
  [/src\/admission\/(patch-encoder|response)\./, 'encoding the answer'],
  [/src\/(admission|engine|policy|profile|inject|documents)\//, 'deciding and planning'],
  [/src\/image\//, 'images'],
  [/src\/(server|cli|cluster|tls)\/|src\/main\.|node_modules\//, 'Fastify and our server'],
  [
    /^node:(_?http|_tls|tls|net|_stream|stream|internal\/(stream|tls|http|net|js_stream))/,
    'TLS, HTTP and streams of Node',
  ],
];

const byName: Readonly<Record<string, Group>> = {
  '(garbage collector)': 'garbage collection',
  '(program)': 'outside of JavaScript',
};

/**
 * What a moment's time goes to; `undefined` for a moment in which nothing ran.
 * @param stack the function that ran, then its callers
 */
export function groupOf(stack: readonly Frame[]): Group | undefined {
  const [leaf] = stack;
  if (leaf === undefined || leaf.name === '(idle)') return undefined;
  const special = Object.hasOwn(byName, leaf.name) ? byName[leaf.name] : undefined;
  if (special !== undefined) return special;
  for (const { source } of stack) {
    const found = bySource.find(([pattern]) => pattern.test(source));
    if (found !== undefined) return found[1];
  }
  return 'TLS, HTTP and streams of Node';
}
